"""Journal records per second into an empty state folder.

    python -m benchmarks.restore [--events N] [--times N]

A worker fills the journal of the users actor and is stopped; then its eight partitions are opened at the same time into
an empty folder, several times, by the functions that a worker opens them with. Reference: the same journal, read and
thrown away. The median run counts.
"""

from __future__ import annotations

import argparse
import shutil

import aiohttp

from benchmarks.campaigns import campaigns
from benchmarks.children import Measured, measured, plain_read
from benchmarks.clickstream import Clickstream
from benchmarks.engine import CAPS, HOURS, START_MS, USERS
from benchmarks.ground import PARTITIONS, Ground, main
from benchmarks.input import produce
from benchmarks.lines import line, say, show
from benchmarks.running import set_up, start

EVENTS = 500_000
TIMES = 3
FILL_LIMIT_S = 120.0


async def measure(ground: Ground, events: int, times: int) -> None:
    """Fill the journal, then restore and read it in turn."""
    await fill(ground, events)
    journal = f"{ground.name}.users.journal"
    restored, read = [], []
    for number in range(times):
        say(f"restore {number + 1} of {times}")
        restored.append(await _restore(ground))
        read.append(await plain_read(ground, journal, "raw"))
    report(restored, read)


async def fill(ground: Ground, events: int) -> None:
    """Let a worker decide on all events, and stop it."""
    say(f"a worker fills the journal from {events:,} events")
    await set_up(ground, "stream", {"caps": CAPS}, campaigns())
    source = Clickstream(USERS, START_MS, HOURS * 3_600_000 / events)
    await produce(ground.bootstrap, ground.events, source.events(events))
    async with aiohttp.ClientSession() as session:
        running = await start(ground, "stream", session)
        await running.ready()
        await running.until_done(FILL_LIMIT_S)
        await running.stop()


async def _restore(ground: Ground) -> Measured:
    folder = ground.folder / "restored"
    shutil.rmtree(folder, ignore_errors=True)
    where = (ground.bootstrap, ground.name, str(PARTITIONS), str(folder))
    return await measured(ground, "restorer", "benchmarks.restorer", *where)


def report(restored: list[Measured], read: list[Measured]) -> None:
    """Print the line."""
    own, plain = median(restored), median(read)
    show(
        line("restore", own.rate, "records/s", "aiokafka getmany, raw", plain.rate,
             per_cpu_second=own.cpu_rate, reference_per_cpu_second=plain.cpu_rate,
             cpu_ratio=own.cpu_rate / plain.cpu_rate, seconds=own.seconds, cpu_seconds=own.cpu_seconds,
             slowest=min(each.rate for each in restored), fastest=max(each.rate for each in restored),
             records=own.records, partitions=PARTITIONS, users=USERS)
    )  # fmt: skip


def median(runs: list[Measured]) -> Measured:
    """The run in the middle by its rate."""
    return sorted(runs, key=lambda run: run.rate)[len(runs) // 2]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench restore", description="Journal records per second.")
    parser.add_argument("--events", type=int, default=EVENTS, help="how many fill the journal")
    parser.add_argument("--times", type=int, default=TIMES, help="how often it is restored")
    return parser.parse_args()


if __name__ == "__main__":
    _given = _arguments()
    main("restore", lambda ground: measure(ground, _given.events, _given.times))
