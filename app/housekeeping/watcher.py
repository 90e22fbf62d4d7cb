"""The watchdog's threads. One asks the broker by a probe of its own, one judges; neither waits for the event loop.

What the loop shows of itself is handed over whole, twice a second. When something stands still for too long, the
worker is no longer ready, says all that it knows, and ends: an exit that no hanging dump can keep from happening.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

from app.housekeeping.last_words import dump
from app.turns.ports import Clock
from app.turns.probe import Probe
from app.turns.watchdog import Found, Limits, LoopWatch, Place, Seen, Sight, Watch

logger = logging.getLogger(__name__)

GAVE_UP = 70
TICK_S = 0.5
ASK_S = 5.0
STALE_S = 20.0
UNREADY_S = 2.0
LAST_S = 8.0
LIMITS = Limits()


class Look(NamedTuple):
    """What the event loop shows of itself. `rebalance`: its number while one goes on. `member`: as in Seen."""

    sights: tuple[Sight, ...]
    rebalance: int | None
    member: str = ""


class Watcher:
    """Watches one worker. `always`: places without which no partition can decide."""

    def __init__(
        self,
        probe: Probe,
        clock: Clock,
        always: Sequence[Place],
        limits: Limits | None = None,
        end: Callable[[int], object] = os._exit,
    ) -> None:
        self.limits = limits or LIMITS
        self.broker_there = True
        self.gave_up: str | None = None
        self._probe = probe
        self._clock = clock
        self._always = tuple(always)
        self._end = end
        self._watch = Watch(self.limits, self._always)
        self._look = Look((), None)
        self._beat_s = clock.monotonic_s()
        self._loop_watch = LoopWatch(self._beat_s, self.limits.loop_s, TICK_S)
        self._found: tuple[float, Found | None] = (-STALE_S, None)
        self._stop = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Begin to watch; called from within the event loop."""
        self._loop = asyncio.get_running_loop()
        self._beat_s = self._clock.monotonic_s()
        for act in (self._ask, self._judge):
            threading.Thread(target=act, name=f"watchdog{act.__name__}", daemon=True).start()

    def stop(self) -> None:
        """End watching."""
        self._stop.set()

    def show(self, look: Look) -> None:
        """The event loop turns, and this is how its partitions stand."""
        self._look, self._beat_s = look, self._clock.monotonic_s()

    @property
    def loop_late_s(self) -> float:
        """How long ago the event loop last showed itself."""
        return self._clock.monotonic_s() - self._beat_s

    def _ask(self) -> None:
        while True:
            asked_s, found = self._clock.monotonic_s(), self._probe.ask(self._places())
            self._found = (asked_s, found)
            self.broker_there = found is not None
            if self._stop.wait(min(ASK_S, self.limits.watermark_s / 6)):
                return

    def _places(self) -> list[Place]:
        sights = self._look.sights
        inputs = {(each.topic, sight.number) for sight in sights for each in sight.inputs}
        return sorted({*inputs, *((sight.journal, sight.number) for sight in sights), *self._always})

    def _judge(self) -> None:
        while not self._stop.wait(TICK_S):
            reasons = self.judge()
            if reasons:
                self._give_up(reasons)
                return

    def judge(self) -> list[str]:
        """One look at everything: what stands still, in words."""
        now_s, look = self._clock.monotonic_s(), self._look
        frozen, stalled = self._loop_watch.look(now_s, self._beat_s)
        if frozen:
            self._watch.restart()
        asked_s, found = self._found
        seen = Seen(look.sights, found if now_s - asked_s < STALE_S else None, look.rebalance, look.member)
        return [*self._watch.look(now_s, seen), *([stalled] if stalled else [])]

    def _give_up(self, reasons: Sequence[str]) -> None:
        """Not ready; every number and stack to the log; and the end, whatever becomes of that."""
        self.gave_up = "; ".join(reasons)
        threading.Thread(target=self._end_after, args=(LAST_S,), daemon=True).start()
        dump(reasons, self._look.sights, self._found[1], self._loop)
        self._end_after(UNREADY_S)

    def _end_after(self, wait_s: float) -> None:
        threading.Event().wait(wait_s)
        self._end(GAVE_UP)
