"""When pushes would leave under the app's throttle (C150): lent by the rule of the live engine, to one who has all.

What the live engine adds are the ways of its letters, and what it tries again: both are beyond a log of events.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from app.domain.model.app_rules import Throttle
from app.domain.model.throttle import Lending
from app.domain.rules.throttle import lend, look_again_ms


class Throttled(NamedTuple):
    """When each leaves, in the order in which they were cleared; the most in an interval, and the longest wait."""

    leaves_ms: list[int]
    peak: int
    longest_wait_ms: int


def throttled(cleared_ms: Sequence[int], throttle: Throttle) -> Throttled:
    """Oldest first, from the times at which they were cleared, which are in order."""
    leaves_ms = _leave(cleared_ms, throttle)
    counts: dict[int, int] = {}
    for at_ms in leaves_ms:
        starts_ms = at_ms - at_ms % throttle.every_ms
        counts[starts_ms] = counts.get(starts_ms, 0) + 1
    waits_ms = (left - cleared for left, cleared in zip(leaves_ms, cleared_ms, strict=True))
    return Throttled(leaves_ms, max(counts.values(), default=0), max(waits_ms, default=0))


def _leave(cleared_ms: Sequence[int], throttle: Throttle) -> list[int]:
    lending, leaves_ms, known = Lending(), list[int](), 0
    now_ms = cleared_ms[0] if cleared_ms else 0
    while len(leaves_ms) < len(cleared_ms):
        while known < len(cleared_ms) and cleared_ms[known] <= now_ms:
            known += 1
        lending.wants = {"all/0": known - len(leaves_ms)} if known > len(leaves_ms) else {}
        granted = sum(letter.grant.amount for letter in lend(lending, throttle, now_ms))
        leaves_ms += [now_ms] * granted
        next_ms = [look_again_ms(lending, now_ms)] if lending.wants else []
        if known < len(cleared_ms):
            next_ms.append(cleared_ms[known])
        now_ms = max(now_ms + 1, min(next_ms, default=now_ms))
    return leaves_ms
