"""Dates in values: ISO 8601 text, or seconds since the epoch. In: a value of any type; out: milliseconds, or
None.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LATEST_S = 253_402_300_800
"""The year 10000, where calendars end."""


def milliseconds(value: Any) -> int | None:
    """The instant that a value names. Text without a zone is UTC: a value does not say where it was
    written.
    """
    kind = type(value)
    if kind is str:
        return _of_text(value)
    if (kind is int or kind is float) and -_LATEST_S < value < _LATEST_S:
        seconds: float = value
        return round(seconds * 1000)
    return None


def _of_text(text: str) -> int | None:
    if len(text) < len("2026-01-01") or text[4] != "-":
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MILLISECOND
