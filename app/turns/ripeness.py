"""Up to which due time timers may fire now, for actors that live by the wall clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from app.turns.actor import Time
from app.turns.timers import Timers


class Ripeness:
    """WALL: what the clock has passed. CAUGHT_UP: what was due before the moment at which the input's end was asked
    for, once everything below that end is decided (C010t). Under a stream clock timers fire between records.

    `end` asks for the end offset of the first input; `decided` is the next offset of that input.
    """

    def __init__(
        self, time: Time, timers: Timers, end: Callable[[], Awaitable[int]], decided: Callable[[], int]
    ) -> None:
        self._time = time
        self._timers = timers
        self._end = end
        self._decided = decided
        self._goal: tuple[int, int] | None = None
        self._safe_ms = 0

    async def ready_ms(self, now_ms: int) -> int | None:
        """Timers due at or before this may fire; None where none may."""
        if self._time is Time.STREAM:
            return None
        due_ms = self._timers.peek()
        if due_ms is None or due_ms >= now_ms:
            return None
        if self._time is Time.WALL:
            return now_ms - 1
        if self._safe_ms <= due_ms:
            await self._catch_up(now_ms)
        return self._safe_ms - 1 if self._safe_ms > due_ms else None

    def wait_s(self, now_ms: int) -> float | None:
        """Seconds until the next timer may ripen; None where only records can bring it on."""
        due_ms = self._timers.peek()
        if self._time is Time.STREAM or due_ms is None or self._goal is not None:
            return None
        return max(0.001, (due_ms + 1 - now_ms) / 1000)

    async def _catch_up(self, now_ms: int) -> None:
        if self._goal is None:
            self._goal = (await self._end(), now_ms)
        end, asked_ms = self._goal
        if self._decided() >= end:
            self._safe_ms, self._goal = asked_ms, None
