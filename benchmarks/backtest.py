"""Events per second of `campaign backtest`, with one process and with two.

    python -m benchmarks.backtest [--events N] [--users N]

The log is the clickstream of `bench engine` in eight partitions; the campaigns are its hundred, then one alone.
Reference: the same topic, read by aiokafka in one process and decoded as JSON.
"""

from __future__ import annotations

import argparse

from benchmarks.campaigns import as_yaml, campaigns
from benchmarks.children import Measured, measured, plain_read
from benchmarks.clickstream import Clickstream
from benchmarks.engine import HOURS, START_MS
from benchmarks.ground import PARTITIONS, Ground, main
from benchmarks.input import produce
from benchmarks.lines import line, say, show

EVENTS = 1_000_000
USERS = 100_000


async def measure(ground: Ground, events: int, users: int) -> None:
    """Fill a topic, and replay it in four ways."""
    await ground.create_topic(ground.events)
    say(f"producing {events:,} events of {users:,} users")
    source = Clickstream(users, START_MS, HOURS * 3_600_000 / events)
    await produce(ground.bootstrap, ground.events, source.events(events))
    read = await plain_read(ground, ground.events, "json")
    for count in (100, 1):
        file = ground.folder / f"campaigns-{count}.yaml"
        file.write_text(as_yaml(campaigns()[:count]), encoding="utf-8")
        for processes in (1, 2):
            say(f"{count} campaigns, {processes} processes")
            where = (ground.bootstrap, ground.events, str(PARTITIONS), str(file), str(processes))
            report(
                await measured(ground, "backtester", "benchmarks.backtester", *where),
                read,
                count,
                processes,
                users,
            )


def report(own: Measured, plain: Measured, count: int, processes: int, users: int) -> None:
    """Print the line."""
    show(
        line("backtest", own.rate, "events/s", "aiokafka getmany, json", plain.rate,
             per_cpu_second=own.cpu_rate, reference_per_cpu_second=plain.cpu_rate, campaigns=count,
             processes=processes, resident_mb=own.resident_mb, pushes=own.orders, records=own.records,
             seconds=own.seconds, cpu_seconds=own.cpu_seconds, users=users)
    )  # fmt: skip


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench backtest", description="Events per second of a backtest.")
    parser.add_argument("--events", type=int, default=EVENTS, help="how many are in the log")
    parser.add_argument("--users", type=int, default=USERS, help="of how many users they are")
    return parser.parse_args()


if __name__ == "__main__":
    _given = _arguments()
    main("backtest", lambda ground: measure(ground, _given.events, _given.users))
