"""Wall clocks, by walking: every border, offset and change of clocks in these worlds is a multiple of 15 minutes."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

SECOND_MS = 1000
QUARTER_MS = 900_000
DAY_MS = 86_400_000
UNITS_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": DAY_MS}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def length_ms(text: str) -> int:
    """`10m` and the like; a minus before it counts."""
    sign = -1 if text.startswith("-") else 1
    return sign * int(text.lstrip("-")[:-1]) * UNITS_MS[text[-1]]


def minute_of(text: str) -> int:
    """`21:00` in minutes after midnight."""
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def local(at_ms: int, zone: str) -> datetime:
    """What calendar and clock on the wall say."""
    return (EPOCH + timedelta(milliseconds=at_ms)).astimezone(ZoneInfo(zone))


def minute_on_wall(at_ms: int, zone: str) -> int:
    """Whole minutes after midnight."""
    at = local(at_ms, zone)
    return at.hour * 60 + at.minute


def date_on_wall(at_ms: int, zone: str) -> date:
    """The calendar day."""
    return local(at_ms, zone).date()


@lru_cache(maxsize=100_000)
def moment(day: date, minute: int, zone: str) -> int:
    """When the wall clock of that day has first reached that minute."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    at_ms = (midnight - EPOCH) // timedelta(milliseconds=1) - 15 * 4 * QUARTER_MS
    while True:
        at = local(at_ms, zone)
        if (at.date(), at.hour * 60 + at.minute) >= (day, minute):
            return at_ms
        at_ms += QUARTER_MS


def is_quiet(quiet: dict[str, Any], at_ms: int, zone: str) -> bool:
    """[from, to), over midnight where `from` is the later one."""
    begin, end, now = minute_of(quiet["from"]), minute_of(quiet["to"]), minute_on_wall(at_ms, zone)
    return begin <= now < end if begin < end else now >= begin or now < end


def quiet_ends(quiet: dict[str, Any], at_ms: int, zone: str) -> int:
    """The first moment from here on at which it is not quiet."""
    while is_quiet(quiet, at_ms, zone):
        at_ms = (at_ms // QUARTER_MS + 1) * QUARTER_MS
    return at_ms


def cut_off_of(cut_off: str, ready_ms: int, zone: str, app_zone: str) -> int:
    """An instant (in the app's zone where it names none), a time after the message was due, or the next such hour."""
    if re.fullmatch(r"\d\d:\d\d", cut_off):
        day = date_on_wall(ready_ms, zone)
        while moment(day, minute_of(cut_off), zone) <= ready_ms:
            day += timedelta(days=1)
        return moment(day, minute_of(cut_off), zone)
    if re.fullmatch(r"\d+[smhd]", cut_off):
        return ready_ms + length_ms(cut_off)
    return instant_ms(cut_off, app_zone)


def instant_ms(text: str, zone: str) -> int:
    """ISO 8601; without a zone it is a wall clock of this one."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        at = at.replace(tzinfo=ZoneInfo(zone))
    return (at - EPOCH) // timedelta(milliseconds=1)


def value_ms(value: Any) -> int | None:
    """When a value says it was: seconds since the epoch, or ISO 8601, in UTC where it names no zone."""
    if type(value) in {int, float}:
        return round(float(value) * SECOND_MS)
    if type(value) is not str:
        return None
    try:
        return instant_ms(value, "UTC")
    except ValueError:
        return None
