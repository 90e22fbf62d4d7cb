"""Durations as they are written in files: `90s`, `10m`, `4h`, `30d`; and times of day: `21:00`."""

from __future__ import annotations

import re
from types import MappingProxyType

UNITS_MS = MappingProxyType({"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000})
LONGEST_MS = 3_650 * UNITS_MS["d"]
FORM = "a whole number and a unit, as in 90s, 10m, 4h or 30d"

_DURATION = re.compile(r"([0-9]{1,12})([smhd])", re.ASCII)
TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


def read_duration(text: object) -> int | None:
    """Milliseconds; None for what is no duration, or is over ten years. A day is 24 hours."""
    found = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    duration_ms = int(found[1]) * UNITS_MS[found[2]]
    return duration_ms if duration_ms <= LONGEST_MS else None


def read_time_of_day(text: object) -> int | None:
    """Minutes after midnight, 0 to 1439; None for what is not written as `HH:MM`."""
    found = TIME_OF_DAY.fullmatch(text) if isinstance(text, str) else None
    return None if found is None else int(found[1]) * 60 + int(found[2])
