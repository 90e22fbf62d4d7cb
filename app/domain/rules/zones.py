"""Which wall clock counts: validated IANA zones, the day that an instant falls in, and whose zone is used
(C044).

The rules come from the pinned `tzdata` package and never from the machine, so that all workers decide alike
(C156). The memories here only repeat what the arguments already say.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import NamedTuple
from zoneinfo import ZoneInfo

MINUTE_MS = 60_000
DAY_MS = 86_400_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class ZoneSource(StrEnum):
    """Whose zone it was; campaign and app are fallbacks, and are counted (C044)."""

    USER = "user"
    CAMPAIGN = "campaign"
    APP = "app"


class Day(NamedTuple):
    """A calendar day on the wall: [starts_ms, ends_ms). `offset_ms` is None where the clocks change within
    it.
    """

    starts_ms: int
    ends_ms: int
    offset_ms: int | None


_last_day: dict[str, Day] = {}


@lru_cache(maxsize=1)
def names() -> frozenset[str]:
    """Every name that is accepted, as spelt by IANA."""
    return frozenset((resources.files("tzdata") / "zones").read_text(encoding="ascii").split())


def is_zone(name: str) -> bool:
    """True for an IANA name, spelt exactly."""
    return name in names()


@lru_cache(maxsize=1024)
def zone_info(name: str) -> ZoneInfo:
    """The rules of a zone. Raises ValueError for a name that is none: ask `is_zone` about anything
    unchecked.
    """
    if not is_zone(name):
        raise ValueError(f"{name!r} is no IANA time zone")
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def zone_for(user: str | None, campaign: str | None, app: str) -> tuple[str, ZoneSource]:
    """The first of the three that exists, and whose it is."""
    if user is not None and is_zone(user):
        return user, ZoneSource.USER
    if campaign is not None and is_zone(campaign):
        return campaign, ZoneSource.CAMPAIGN
    return app, ZoneSource.APP


def local(now_ms: int, zone: str) -> datetime:
    """The wall clock in the zone, aware."""
    return (_EPOCH + now_ms * _MILLISECOND).astimezone(zone_info(zone))


def offset_at(now_ms: int, zone: str) -> int:
    """Milliseconds to add to UTC to get the wall clock. Fast within a day without a clock change."""
    offset_ms = day_of(now_ms, zone).offset_ms
    return _offset(now_ms, zone) if offset_ms is None else offset_ms


def day_of(now_ms: int, zone: str) -> Day:
    """The calendar day of the zone that the instant falls in; 23, 24 or 25 hours long, as the clocks say."""
    day = _last_day.get(zone)
    if day is None or not day.starts_ms <= now_ms < day.ends_ms:
        day = _last_day[zone] = _find_day(now_ms, zone)
    return day


def next_change(after_ms: int, before_ms: int, zone: str) -> int | None:
    """The first instant in (after_ms, before_ms] at which the offset differs from the one at `after_ms`.

    The span must hold one change at most; a day does (no zone changes twice within days).
    """
    offset_ms = _offset(after_ms, zone)
    if _offset(before_ms, zone) == offset_ms:
        return None
    while before_ms - after_ms > 1:
        middle_ms = (after_ms + before_ms) // 2
        if _offset(middle_ms, zone) == offset_ms:
            after_ms = middle_ms
        else:
            before_ms = middle_ms
    return before_ms


def instant(wall: datetime, zone: str) -> int:
    """The first instant at which the wall clock shows the naive `wall`, or has just skipped it."""
    wall_ms = (wall.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND
    info = zone_info(zone)
    earlier, later = (
        wall_ms - _milliseconds(wall.replace(tzinfo=info, fold=fold).utcoffset()) for fold in (0, 1)
    )
    if earlier <= later:
        return earlier
    change_ms = next_change(later, earlier, zone)
    return earlier if change_ms is None else change_ms


def _find_day(now_ms: int, zone: str) -> Day:
    midnight = local(now_ms, zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    starts_ms = instant(midnight, zone)
    ends_ms = instant(midnight + timedelta(days=1), zone)
    first_ms, last_ms = _offset(starts_ms, zone), _offset(ends_ms - 1, zone)
    return Day(starts_ms, ends_ms, first_ms if first_ms == last_ms else None)


def _offset(now_ms: int, zone: str) -> int:
    return _milliseconds(local(now_ms, zone).utcoffset())


def _milliseconds(offset: timedelta | None) -> int:
    return 0 if offset is None else offset // _MILLISECOND
