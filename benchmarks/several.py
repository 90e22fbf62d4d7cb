"""Several worker processes over one topic, beside one: what a second core brings."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import NamedTuple

import aiohttp

from app.clock import monotonic_s
from app.demo.errors import DemoError
from benchmarks.campaigns import campaigns
from benchmarks.clickstream import Clickstream
from benchmarks.ground import PARTITIONS, Ground
from benchmarks.input import produce
from benchmarks.lines import line, say, show
from benchmarks.processor_time import machine_busy_s
from benchmarks.running import Running, Sample, set_up, start

LOOK_S = 0.1
LIMIT_S = 300.0


class Span(NamedTuple):
    """What so many workers did between the first look with all of them at work and the first with all decided."""

    workers: int
    events: int
    seconds: float
    cpu_seconds: float
    busy_cores: float

    @property
    def rate(self) -> float:
        """Events per second."""
        return self.events / self.seconds

    @property
    def cpu_rate(self) -> float:
        """Events per second of the workers' processor time."""
        return self.events / self.cpu_seconds


async def run_workers(
    ground: Ground, workers: int, events: int, source: Clickstream, caps: list[dict[str, object]]
) -> Span:
    """Set up, produce, and let so many workers decide everything, under a name of their own."""
    named = replace(ground, name=f"{ground.name}-{workers}", folder=ground.folder / f"of-{workers}")
    say(f"{workers} at work: producing {events:,} events")
    await set_up(named, "stream", {"caps": caps}, campaigns())
    await produce(named.bootstrap, named.events, source.events(events))
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        running = [await start(named, "stream", session, f"worker-{number}") for number in range(workers)]
        span = await _watch(running, events)
        await running[0].stop()
    return span


async def _watch(running: list[Running], events: int) -> Span:
    first: tuple[Sample, float] | None = None
    until_s = monotonic_s() + LIMIT_S
    while monotonic_s() < until_s:
        samples = [await each.sample() for each in running]
        found = [each for each in samples if each is not None]
        if len(found) == len(running):
            together = _together(found)
            is_at_work = all(each.users for each in found) and together.users == PARTITIONS
            if first is None and is_at_work and together.decided:
                first = together, machine_busy_s()
            if first is not None and together.decided >= events:
                return _span(len(running), first, (together, machine_busy_s()))
        await asyncio.sleep(LOOK_S)
    raise DemoError("the workers do not get through", f"not within {LIMIT_S:.0f} s", "Try fewer --events")


def _together(samples: list[Sample]) -> Sample:
    return Sample(
        samples[0].at_s,
        sum(each.cpu_s for each in samples),
        sum(each.decided for each in samples),
        sum(each.open for each in samples),
        sum(each.users for each in samples),
    )


def _span(workers: int, first: tuple[Sample, float], last: tuple[Sample, float]) -> Span:
    (before, busy_before_s), (after, busy_after_s) = first, last
    seconds = after.at_s - before.at_s
    return Span(
        workers,
        after.decided - before.decided,
        seconds,
        after.cpu_s - before.cpu_s,
        (busy_after_s - busy_before_s) / seconds,
    )


def report(one: Span, more: Span) -> None:
    """Print the line. `busy_cores`: of the whole machine, broker and everything else included."""
    show(
        line("engine", more.rate, "events/s", "one worker", one.rate, workers=more.workers,
             per_cpu_second=more.cpu_rate, reference_per_cpu_second=one.cpu_rate,
             cpu_ratio=more.cpu_rate / one.cpu_rate, seconds=more.seconds, cpu_seconds=more.cpu_seconds,
             worker_cores=more.cpu_seconds / more.seconds, busy_cores=more.busy_cores,
             reference_worker_cores=one.cpu_seconds / one.seconds, reference_busy_cores=one.busy_cores,
             events=more.events, reference_events=one.events)
    )  # fmt: skip
