"""`when.date` in a campaign file: a date that an event tells, and what is sent how long before or after it (C011)."""

from __future__ import annotations

from typing import NamedTuple

from app.domain.files import meant
from app.domain.files.durations import read_duration, read_time_of_day
from app.domain.files.meant import asked
from app.domain.files.section import Section, described
from app.domain.files.where import read_where
from app.domain.model.campaign import EVERYONE, Condition, DateTrigger, Unless

KEYS = frozenset({"event", "property", "offset", "match", "where", "unless", "at"})
UNLESS = frozenset({"event", "where", "match"})
EXAMPLE = "as in date: {event: trip_booked, property: departs_at, offset: -1d}"


class DateSection(NamedTuple):
    """What stands under `when.date`."""

    event: str
    where: Condition = EVERYONE
    unless: Unless | None = None
    date: DateTrigger | None = None


def read_date(when: Section, zone: str) -> DateSection | None:
    """Reads `when.date`; None where it is left out or is no map."""
    section = when.section("date", EXAMPLE)
    if section is None:
        return None
    section.only(KEYS)
    unless = _read_unless(section, zone)
    match = section.text("match")
    if unless is not None and unless.match is not None:
        if match is not None and match != unless.match:
            message = f"is not the property of {section.path}.unless.match"
            section.refuse("match", message, "one property tells bookings apart")
        match = unless.match
    if unless is not None:
        unless = Unless(unless.event, 0, match, unless.where)
    date = DateTrigger(section.required_text("property"), _read_offset(section), _read_minute(section), match)
    return DateSection(section.required_text("event"), read_where(section, zone), unless, date)


def _read_unless(section: Section, zone: str) -> Unless | None:
    unless = section.section("unless", "as in unless: {event: trip_cancelled}")
    if unless is None:
        return None
    unless.only(UNLESS)
    return Unless(unless.required_text("event"), 0, unless.text("match"), read_where(unless, zone))


def _read_offset(section: Section) -> int:
    """A duration with a sign: before the date (-) or after it."""
    value = section.values.get("offset")
    if value is None:
        return 0
    sign = -1 if isinstance(value, str) and value.startswith("-") else 1
    length_ms = read_duration(value[1:] if isinstance(value, str) and value[:1] in {"-", "+"} else value)
    if length_ms is None:
        hint = asked(meant.offset(value), "before: -1d, -90m; after: 2h")
        section.refuse("offset", f"{described(value)} is no offset", hint)
        return 0
    return sign * length_ms


def _read_minute(section: Section) -> int | None:
    value = section.values.get("at")
    minute = read_time_of_day(value)
    if value is not None and minute is None:
        at = meant.time_of_day(value)
        hint = asked(at and f'"{at}"', 'write it in quotes, as in "09:00"')
        section.refuse("at", f"{described(value)} is no time of day", hint)
    return minute
