"""Whether a partition is still ours: only an append that the broker takes can tell."""

from __future__ import annotations

import asyncio

from app.turns.ports import Clock

HEARTBEAT_MS = 3_600_000
RENEW_MS = 12 * 3_600_000
FRESH_MS = 5_000


class Claim:
    """When the partition was opened, when it last appended, and who waits to hear whether it is ours.

    `answered_s`: when the journal last said that it is, by the stopwatch.
    """

    def __init__(self, clock: Clock) -> None:
        self.answered_s = 0.0
        self.appended_ms = 0
        self._clock = clock
        self._opened_ms = 0
        self._asking: list[asyncio.Future[bool]] = []
        self._trying: list[asyncio.Future[bool]] = []

    def ask(self) -> asyncio.Future[bool]:
        """Is it ours? Answered by the next append that begins, or by the loss of the partition."""
        asked: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._asking.append(asked)
        return asked

    def opened(self) -> None:
        """The record of an opening is in the journal."""
        self._opened_ms = self.appended_ms = self._clock.now_ms()
        self.answered_s = self._clock.monotonic_s()

    def trying(self) -> None:
        """An append begins: it answers whoever has asked by now. One that was under way says nothing of later."""
        self._trying += self._asking
        self._asking = []

    def held(self, now_ms: int) -> float:
        """The append that was decided at this time is in the journal; when that was heard, by the stopwatch."""
        self.appended_ms, self.answered_s = now_ms, self._clock.monotonic_s()
        self._trying = _answer(self._trying, is_ours=True)
        return self.answered_s

    def lost(self) -> None:
        """The partition is let go: whoever asks must ask its next opening."""
        self._trying = _answer(self._trying, is_ours=False)
        self._asking = _answer(self._asking, is_ours=False)

    def is_old(self, now_ms: int) -> bool:
        """Does the epoch have to be renewed?"""
        return now_ms - self._opened_ms > RENEW_MS

    def is_overdue(self, now_ms: int) -> bool:
        """Time to append with nothing to say: to answer, hourly, and before a renewal, which would win the fence."""
        silence_ms = now_ms - self.appended_ms
        return (
            bool(self._asking) or silence_ms > HEARTBEAT_MS or (self.is_old(now_ms) and silence_ms > FRESH_MS)
        )


def _answer(waiting: list[asyncio.Future[bool]], *, is_ours: bool) -> list[asyncio.Future[bool]]:
    """Tell all of them; nobody is left."""
    for asked in waiting:
        if not asked.done():
            asked.set_result(is_ours)
    return []
