"""Quiet hours: [from, to) on the wall clock of a zone, possibly over midnight (C040-C042)."""

from __future__ import annotations

from app.domain.model.campaign import Quiet
from app.domain.rules.zones import DAY_MS, MINUTE_MS, next_change, offset_at


def quiet_until(quiet: Quiet, now_ms: int, zone: str) -> int | None:
    """None where it is not quiet now; else the first instant after now at which the wall clock is outside.

    Exact across clock changes: a gap may end the quiet early, an hour that comes twice may prolong it. A
    window that ends where it begins is empty.
    """
    left_ms = _left(quiet, now_ms, zone)
    if left_ms is None:
        return None
    while left_ms is not None:
        end_ms = now_ms + left_ms
        change_ms = next_change(now_ms, end_ms, zone)
        if change_ms is None:
            return end_ms
        now_ms = change_ms
        left_ms = _left(quiet, now_ms, zone)
    return now_ms


def _left(quiet: Quiet, now_ms: int, zone: str) -> int | None:
    """How long the quiet still lasts if no clock changes; None outside."""
    from_ms, to_ms = quiet.from_minute * MINUTE_MS, quiet.to_minute * MINUTE_MS
    wall_ms = (now_ms + offset_at(now_ms, zone)) % DAY_MS
    if (wall_ms - from_ms) % DAY_MS < (to_ms - from_ms) % DAY_MS:
        return (to_ms - wall_ms) % DAY_MS
    return None
