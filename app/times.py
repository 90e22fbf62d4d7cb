"""When an event says that it happened: ISO 8601 with a zone, or seconds since the epoch (CONTRACT section 1)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

MINUTES = 4_000
PLAIN_LENGTH = len("2026-01-31T12:00:00.000Z")
SECONDS_LIMIT = 1e11  # beyond: not seconds
_SECONDS = {f"{second:02}": second * 1000 for second in range(60)}
_MILLISECONDS = {f"{part:03}": part for part in range(1000)}


class Times:
    """Reads times. Remembers the minutes that it has seen: of most times two short numbers are left to be read."""

    def __init__(self) -> None:
        self._minutes: dict[str, int] = {}

    def read(self, value: Any) -> int | None:
        """Milliseconds since the epoch; None for what is no time."""
        if value.__class__ is not str or len(value) != PLAIN_LENGTH or value[19] != "." or value[23] != "Z":
            return _milliseconds(value)
        second, part = _SECONDS.get(value[17:19]), _MILLISECONDS.get(value[20:23])
        if second is None or part is None:
            return _milliseconds(value)
        minute = self._minutes.get(value[:17])
        if minute is None:
            minute = self._read_minute(value, second + part)
        return None if minute is None else minute + second + part

    def _read_minute(self, value: str, beyond_ms: int) -> int | None:
        whole = _milliseconds(value)
        if whole is None:
            return None
        if len(self._minutes) >= MINUTES:
            self._minutes.clear()
        self._minutes[value[:17]] = minute = whole - beyond_ms
        return minute


def _milliseconds(value: Any) -> int | None:
    if type(value) is str:
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        return None if value.tzinfo is None else _rounded(value.timestamp())
    if type(value) in {int, float} and abs(value) < SECONDS_LIMIT:
        return _rounded(value)
    return None


def _rounded(seconds: float) -> int:
    return round(seconds * 1000)
