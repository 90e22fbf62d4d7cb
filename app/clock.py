"""The only file that asks what time it is; everything else is told."""

import logging
import time
from collections.abc import Callable
from typing import Protocol

logger = logging.getLogger(__name__)

_NS_PER_MS = 1_000_000
_MS_PER_S = 1000
_SLEEPLESS: int | None = getattr(time, "CLOCK_BOOTTIME", None)
WRONG_MS = 1000


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


def uptime_s() -> float:
    """Return seconds that go on while the machine sleeps, where it can tell; they never run backwards."""
    if _SLEEPLESS is None:
        return time.monotonic()
    return time.clock_gettime(_SLEEPLESS)


class SystemClock:
    """The clock of the machine."""

    def now_ms(self) -> int:
        """Return the wall clock, in milliseconds since the epoch."""
        return now_ms()

    def monotonic_s(self) -> float:
        """Return seconds that never run backwards."""
        return monotonic_s()


class BrokerClock:
    """The brokers' time, kept by a stopwatch: a wall clock that is wrong, or steps, moves no timer (fault C21).

    Starts with the wall clock of the machine. Each time that a broker says when it took a record, its time then lies
    between the question and the answer; the difference to the stopwatch is moved just as far as that asks for.
    """

    def __init__(self, clock: Clock, uptime_s: Callable[[], float] = uptime_s) -> None:
        self._clock = clock
        self._uptime_s = uptime_s
        self._ahead_ms = clock.now_ms() - uptime_s() * _MS_PER_S
        self._has_warned = False

    def now_ms(self) -> int:
        """Return the brokers' time, in milliseconds since the epoch."""
        return int(self._uptime_s() * _MS_PER_S + self._ahead_ms)

    def monotonic_s(self) -> float:
        """Return seconds that never run backwards."""
        return self._clock.monotonic_s()

    @property
    def machine_ahead_ms(self) -> int:
        """How far the wall clock of this machine is ahead of the brokers'; below zero: behind."""
        return self._clock.now_ms() - self.now_ms()

    def heard(self, asked_s: float, answered_s: float, broker_ms: int) -> None:
        """Between these two moments of `monotonic_s` it was `broker_ms` at a broker."""
        since_s = self._uptime_s() - self._clock.monotonic_s()
        earliest_ms = broker_ms - (answered_s + since_s) * _MS_PER_S
        latest_ms = broker_ms + 1 - (asked_s + since_s) * _MS_PER_S
        self._ahead_ms = min(max(self._ahead_ms, earliest_ms), latest_ms)
        is_wrong = abs(self.machine_ahead_ms) > WRONG_MS
        if is_wrong and not self._has_warned:
            logger.warning(
                "the clock of this machine is %.1f s ahead of the broker's (below zero: behind). The broker's counts; "
                "set this one right, its log carries its time",
                self.machine_ahead_ms / _MS_PER_S,
            )
        self._has_warned = is_wrong
