"""Events per second of one worker process through the whole of the users actor.

    python -m benchmarks.engine [--events N] [--stock-events N]
    python -m benchmarks.engine --workers 2

All events are on the topic before the worker starts. Stream clock: timers fire between the events that they fall
between, so a run has the same sends every time. No push service is configured: orders end on their topic.
"""

from __future__ import annotations

import argparse
import asyncio
from typing import Any, NamedTuple

import aiohttp

from app.clock import monotonic_s
from app.demo.errors import DemoError
from benchmarks.campaigns import COUNT, ON_BUSIEST, campaigns
from benchmarks.children import Measured, plain_read, stock_agent
from benchmarks.clickstream import Clickstream
from benchmarks.ground import Ground, main
from benchmarks.input import produce
from benchmarks.lines import line, say, show
from benchmarks.processor_time import resident_mb
from benchmarks.running import Running, Sample, set_up, start
from benchmarks.several import report as report_workers
from benchmarks.several import run_workers

EVENTS = 300_000
STOCK_EVENTS = 30_000
STOCK_LIMIT_S = 25.0
USERS = 20_000
START_MS = 1_780_300_800_000  # 2026-06-01T08:00:00Z
HOURS = 12
CAPS = [{"max": 3, "per": "day"}]
LOOK_S = 0.1
LIMIT_S = 300.0


class Decided(NamedTuple):
    """What the worker did between the first sample with a decided event and the first with all of them.

    `broker_cpu_seconds`: of the broker meanwhile, None where it is not ours.
    """

    events: int
    seconds: float
    cpu_seconds: float
    settled_cpu_seconds: float
    resident_mb: float
    sends: int
    broker_cpu_seconds: float | None


async def measure(ground: Ground, events: int, stock_events: int) -> None:
    """Produce, run the worker and its references one after the other, print a line for each reference."""
    say(f"setting up {COUNT} campaigns")
    await set_up(ground, "stream", {"caps": CAPS}, campaigns())
    say(f"producing {events:,} events")
    source = Clickstream(USERS, START_MS, HOURS * 3_600_000 / events)
    await produce(ground.bootstrap, ground.events, source.events(events))
    say("reading them as plainly as can be")
    plain = await plain_read(ground, ground.events, "json")
    say(f"stock Faust over {stock_events:,} of them, for {STOCK_LIMIT_S:.0f} s at most")
    stock = await stock_agent(ground, ground.events, stock_events, STOCK_LIMIT_S)
    say("one worker over all of them")
    decided = await run_worker(ground, events)
    report(decided, "aiokafka getmany + msgspec JSON", plain)
    report(decided, "stock Faust agent, RocksDB table", stock)


async def measure_workers(ground: Ground, events: int, workers: int) -> None:
    """One worker, then several, over the same events."""
    one, more = [
        await run_workers(
            ground, count, events, Clickstream(USERS, START_MS, HOURS * 3_600_000 / events), CAPS
        )
        for count in (1, workers)
    ]
    report_workers(one, more)


async def run_worker(ground: Ground, events: int) -> Decided:
    """Run a worker until everything is decided, then until none of its actors has anything left."""
    async with aiohttp.ClientSession() as session:
        running = await start(ground, "stream", session)
        first, last = await watch(running, events)
        broker_cpu_s = last.broker_cpu_s - first.broker_cpu_s if ground.broker_pid else None
        await running.until_done(LIMIT_S)
        settled = await running.sample()
        memory = resident_mb(running.pid)
        await running.stop()
    end = last if settled is None else settled
    sends = sum(await ground.ends(f"{ground.name}.sends.fcm"))
    return Decided(
        last.decided - first.decided,
        last.at_s - first.at_s,
        last.cpu_s - first.cpu_s,
        end.cpu_s - first.cpu_s,
        memory,
        sends,
        broker_cpu_s,
    )


async def watch(running: Running, events: int) -> tuple[Sample, Sample]:
    """The first sample with a decided event and the first with all. Raises DemoError after the limit."""
    first: Sample | None = None
    until_s = monotonic_s() + LIMIT_S
    while monotonic_s() < until_s:
        sample = await running.sample()
        if sample is not None and sample.decided:
            first = first or sample
            if sample.decided >= events:
                return first, sample
        await asyncio.sleep(LOOK_S)
    raise DemoError("the worker does not get through", f"not within {LIMIT_S:.0f} s", "Try fewer --events")


def report(decided: Decided, reference: str, measured: Measured) -> None:
    """Print one line."""
    rate, cpu_rate = decided.events / decided.seconds, decided.events / decided.cpu_seconds
    show(line("engine", rate, "events/s", reference, measured.rate, **details(decided, cpu_rate, measured)))


def details(decided: Decided, cpu_rate: float, measured: Measured) -> dict[str, Any]:
    """What a line holds besides the rates."""
    return {
        "per_cpu_second": cpu_rate,
        "reference_per_cpu_second": measured.cpu_rate,
        "cpu_ratio": cpu_rate / measured.cpu_rate,
        "seconds": decided.seconds,
        "cpu_seconds": decided.cpu_seconds,
        "settled_cpu_seconds": decided.settled_cpu_seconds,
        "resident_mb": decided.resident_mb,
        "broker_cpu_seconds": decided.broker_cpu_seconds,
        "events": decided.events,
        "reference_events": measured.records,
        "sends": decided.sends,
        "campaigns": COUNT,
        "on_busiest_event": ON_BUSIEST,
        "users": USERS,
        "clock": "stream",
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench engine", description="Events per second of one worker process."
    )
    parser.add_argument("--events", type=int, default=EVENTS, help="how many the worker decides on")
    parser.add_argument("--stock-events", type=int, default=STOCK_EVENTS, help="how many stock Faust gets")
    parser.add_argument("--workers", type=int, default=1, help="more than one: measured beside one")
    return parser.parse_args()


if __name__ == "__main__":
    _given = _arguments()
    if _given.workers > 1:
        main("engine", lambda ground: measure_workers(ground, _given.events, _given.workers))
    else:
        main("engine", lambda ground: measure(ground, _given.events, _given.stock_events))
