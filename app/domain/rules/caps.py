"""Caps: how many pushes a user may get over all campaigns (C031-C033). The strictest wins."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.model.campaign import Cap
from app.domain.rules.zones import day_of

LONGEST_DAY_MS = 26 * 3_600_000
"""A day on the wall at its longest: no zone of today sets its clocks back by more than two hours."""


def exhausted_cap(caps: Sequence[Cap], cleared_ms: Sequence[int], now_ms: int, zone: str) -> Cap | None:
    """The first cap that one more push at `now_ms` would break, None if all allow it.

    `cleared_ms` are the counted pushes of the user, in any order. Per day: those of the calendar day of
    `zone` that holds now. Rolling: those less than the window away; one exactly a window old counts no more.
    A push cleared later than now (a late event is decided after a timely one) counts like an earlier one.
    """
    for cap in caps:
        if len(cleared_ms) >= cap.max and _counted(cap, cleared_ms, now_ms, zone) >= cap.max:
            return cap
    return None


def is_capped(caps: Sequence[Cap], cleared_ms: Sequence[int], now_ms: int, zone: str) -> bool:
    """True where one more push at `now_ms` would break a cap."""
    return exhausted_cap(caps, cleared_ms, now_ms, zone) is not None


def horizon_ms(caps: Sequence[Cap]) -> int:
    """How long after it was cleared a counted push may still matter; 0 without caps."""
    return max((LONGEST_DAY_MS if cap.rolling_ms is None else cap.rolling_ms for cap in caps), default=0)


def _counted(cap: Cap, cleared_ms: Sequence[int], now_ms: int, zone: str) -> int:
    if cap.rolling_ms is None:
        starts_ms, ends_ms, _ = day_of(now_ms, zone)
        return sum(starts_ms <= at_ms < ends_ms for at_ms in cleared_ms)
    rolling_ms = cap.rolling_ms
    return sum(abs(now_ms - at_ms) < rolling_ms for at_ms in cleared_ms)
