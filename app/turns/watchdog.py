"""The last resort: a process that makes no progress where there could be some says what stands still, and ends.

Two looks. From within the loop, every few seconds: has each partition decided, or restored, something while there was
something to do, and does the broker answer at all? From a thread of its own: does the loop still turn? The clocks stand
still while the broker is away, and a process that was frozen as a whole is not stuck.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import NamedTuple

STUCK_S = 120.0
STALL_S = 30.0
LOOK_S = 1.0
FROZEN_S = 5.0


class Seen(NamedTuple):
    """One partition at one look. `moved` is any number that grows with progress; `waiting` is what is left to do."""

    name: str
    waiting: int
    moved: int


class Progress:
    """Remembers since when each partition has stood still."""

    def __init__(self, limit_s: float = STUCK_S) -> None:
        self._limit_s = limit_s
        self._since: dict[str, tuple[int, float]] = {}

    def look(self, now_s: float, partitions: Iterable[Seen], *, broker_there: bool) -> list[str]:
        """Who has had something to do and has not moved for longer than the limit; in words."""
        stuck: list[str] = []
        known: dict[str, tuple[int, float]] = {}
        for seen in partitions:
            moved, since_s = self._since.get(seen.name, (seen.moved, now_s))
            if not broker_there or not seen.waiting or moved != seen.moved:
                moved, since_s = seen.moved, now_s
            known[seen.name] = (moved, since_s)
            if now_s - since_s > self._limit_s:
                stuck.append(f"{seen.name}: {seen.waiting} to do, no progress for {now_s - since_s:.0f} s")
        self._since = known
        return stuck


class LoopWatch:
    """A thread that sees whether the event loop turns. `stalled` is called once, from the thread."""

    def __init__(
        self, monotonic_s: Callable[[], float], stalled: Callable[[float], None], limit_s: float = STALL_S
    ) -> None:
        self._monotonic_s = monotonic_s
        self._stalled = stalled
        self._limit_s = limit_s
        self._beat_s = monotonic_s()
        self._looked_s = self._beat_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="loop-watch", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def beat(self) -> None:
        """The loop turns: called from it, far more often than the limit."""
        self._beat_s = self._monotonic_s()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()

    def look(self) -> bool:
        """One look: is the loop stalled? A gap between looks means that the whole process was frozen."""
        now_s = self._monotonic_s()
        if now_s - self._looked_s > FROZEN_S:
            self._beat_s = now_s
        self._looked_s = now_s
        return now_s - self._beat_s > self._limit_s

    def _run(self) -> None:
        while not self._stop.wait(LOOK_S):
            if self.look():
                self._stalled(self._monotonic_s() - self._beat_s)
                return
