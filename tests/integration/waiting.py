"""Bounded waits: for something that can be asked, never for time to pass."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from app.clock import monotonic_s

T = TypeVar("T")
POLL_S = 0.05


def until(ask: Callable[[], T], limit_s: float, what: str, poll_s: float = POLL_S) -> T:
    """Ask until the answer is true, and return it. Fails the test after `limit_s`."""
    end_s = monotonic_s() + limit_s
    while True:
        answer = ask()
        if answer:
            return answer
        if monotonic_s() > end_s:
            raise AssertionError(f"{what}: not within {limit_s:g} s; the last answer was {answer!r}")
        time.sleep(poll_s)
