"""When a partition takes its next turn: at once for what somebody waits for, later for what may share a turn."""

from __future__ import annotations

import math

from app.turns.ports import Clock

SPACING_S = 0.005
SHORTEST_S = 0.0005


class Pace:
    """The time of the next turn. Turns are at least 5 ms apart: what comes meanwhile shares the next one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._by_s = math.inf
        self._turned_s = -math.inf

    def hurry(self, linger_s: float) -> bool:
        """Something has come that may wait so long. True where whoever rests must look again."""
        by_s = max(self._clock.monotonic_s() + linger_s, self._turned_s + SPACING_S)
        is_sooner = not linger_s or by_s < self._by_s
        self._by_s = min(self._by_s, by_s)
        return is_sooner

    def turned(self) -> float:
        """A turn begins, and takes everything that is there; at what time, by the stopwatch."""
        self._by_s, self._turned_s = math.inf, self._clock.monotonic_s()
        return self._turned_s

    @property
    def is_due(self) -> bool:
        """Is it time?"""
        return self._clock.monotonic_s() >= self._by_s

    def wait_s(self, otherwise_s: float) -> float:
        """Seconds until the next turn, at most `otherwise_s`."""
        if self._by_s == math.inf:
            return otherwise_s
        return min(otherwise_s, max(SHORTEST_S, self._by_s - self._clock.monotonic_s()))
