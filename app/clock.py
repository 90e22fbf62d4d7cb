"""The only file that asks what time it is; everything else is told."""

import time
from typing import Protocol

_NS_PER_MS = 1_000_000


class Clock(Protocol):
    """What a part that must know the time is given, so that a test can hand it another."""

    def now_ms(self) -> int:
        """Return the wall clock, in milliseconds since the epoch. It may jump."""

    def monotonic_s(self) -> float:
        """Return seconds since some fixed moment. They never run backwards."""


def now_ms() -> int:
    """Return the wall clock, in milliseconds since the epoch."""
    return time.time_ns() // _NS_PER_MS


def monotonic_s() -> float:
    """Return seconds that never run backwards, for measuring how long something takes."""
    return time.monotonic()


class SystemClock:
    """The clock of the machine."""

    def now_ms(self) -> int:
        """Return the wall clock, in milliseconds since the epoch."""
        return now_ms()

    def monotonic_s(self) -> float:
        """Return seconds that never run backwards."""
        return monotonic_s()
