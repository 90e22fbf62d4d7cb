"""Is this worker alive, and may it be given work?

Alive never asks whether the broker is well: a restart would not mend that. Ready does.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from app.clock import Clock
from app.turns.ports import Phase
from app.web.inside import Inside
from app.web.partitions import owned, percent_of

BEAT_S = 0.5
STILL_S = 10.0


class Pulse:
    """Beats while the event loop goes on. Whoever asks learns how long ago the last beat was."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._beat_s = clock.monotonic_s()

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            self._beat_s = self._clock.monotonic_s()
            await asyncio.sleep(BEAT_S)

    @property
    def age_s(self) -> float:
        """Seconds since the last beat."""
        return self._clock.monotonic_s() - self._beat_s

    @property
    def is_alive(self) -> bool:
        """Did the loop go on lately?"""
        return self.age_s < STILL_S


class Obstacle(NamedTuple):
    """One reason why the worker is not ready."""

    code: str
    message: str


def obstacles(inside: Inside) -> list[Obstacle]:
    """Every reason why this worker is not ready; none: it is."""
    found = [*_of_partitions(inside)]
    if inside.engine.rebalancing:
        found.insert(0, Obstacle("rebalancing", "the group is sharing out its partitions"))
    if inside.watcher.gave_up is not None:
        found.insert(
            0, Obstacle("watchdog", f"no progress, this worker is about to end: {inside.watcher.gave_up}")
        )
    if inside.unreachable is not None:
        found.append(Obstacle("broker", inside.unreachable))
    if inside.misplaced is not None:
        found.append(Obstacle("partitioner", inside.misplaced))
    found += [Obstacle("out_of_range", said) for said in inside.out_of_range.values()]
    if inside.catalog.read_ms == 0:
        found.append(Obstacle("catalog", f"{inside.topics.campaigns} has not been read to its end yet"))
    return found


def _of_partitions(inside: Inside) -> list[Obstacle]:
    partitions = [(host.name, partition) for host, partition in owned(inside.hosts)]
    if not partitions:
        return [Obstacle("no_partitions", "no partition is assigned to this worker")]
    found = []
    for actor, partition in partitions:
        if partition.phase is not Phase.READY:
            percent = percent_of(partition)
            doing = partition.phase.value if percent is None else f"restoring, {percent} %"
            why = "" if partition.trouble is None else f" ({partition.trouble})"
            found.append(Obstacle("partition", f"partition {partition.number} of {actor}: {doing}{why}"))
    return found
