"""When a date trigger is due: an offset from the date that an event tells (C011)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from app.domain.model.campaign import DateTrigger
from app.domain.rules.conditions import look_up
from app.domain.rules.dates import milliseconds
from app.domain.rules.zones import DAY_MS, instant

YEARS = range(1900, 9000)


def due_of(trigger: DateTrigger, properties: Mapping[str, Any], zone: str) -> int | None:
    """The instant, or None where the property tells no date, or one without a time and the campaign has none either.

    A date without a time is on the wall clock of `zone`, and so are the whole days before or after it.
    """
    value = look_up(properties, trigger.property)
    if isinstance(value, str) and "T" not in value and ":" not in value:
        day = _day(value)
        return None if day is None or trigger.at_minute is None else _on_the_wall(trigger, day, zone)
    at_ms = milliseconds(value)
    return None if at_ms is None else at_ms + trigger.offset_ms


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year in YEARS else None


def _on_the_wall(trigger: DateTrigger, day: date, zone: str) -> int:
    days, rest_ms = divmod(trigger.offset_ms, DAY_MS)
    if rest_ms:
        days, rest_ms = 0, trigger.offset_ms
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - on the wall of the zone
    return instant(midnight + timedelta(days=days, minutes=trigger.at_minute or 0), zone) + rest_ms
