"""Cut-off: the instant from which on a message is not sent any more (C043)."""

from __future__ import annotations

from datetime import timedelta

from app.domain.model.campaign import CutOff
from app.domain.rules.zones import instant, local


def cut_off_at(cut_off: CutOff, ready_ms: int, zone: str) -> int:
    """`ready_ms`: when the message was due, a delay included.

    A time of day is the first such instant after that, on the wall clock of the zone.
    """
    if cut_off.at_ms is not None:
        return cut_off.at_ms
    if cut_off.after_ms is not None:
        return ready_ms + cut_off.after_ms
    return _next(cut_off.minute or 0, ready_ms, zone)


def _next(minute: int, after_ms: int, zone: str) -> int:
    midnight = local(after_ms, zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    today_ms = instant(midnight + timedelta(minutes=minute), zone)
    if today_ms > after_ms:
        return today_ms
    return instant(midnight + timedelta(days=1, minutes=minute), zone)
