"""Times as arguments of commands."""

from __future__ import annotations

from datetime import datetime

from app.cli.errors import InputError

LATEST_S = 253_402_300_800  # year 10000


def time_ms(text: str) -> int:
    """Read ISO 8601 with a zone, or seconds since the epoch. Raises InputError."""
    wrong = InputError(
        f"{text!r} is not a time. Write ISO 8601 with a zone, as 2026-11-22T09:00:00Z, or seconds since the epoch."
    )
    try:
        seconds = float(text)
    except ValueError:
        return _iso_ms(text, wrong)
    if not 0 <= seconds < LATEST_S:
        raise wrong
    return round(seconds * 1000)


def _iso_ms(text: str, wrong: InputError) -> int:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise wrong from None
    if read.tzinfo is None:
        raise wrong
    return round(read.timestamp() * 1000)
