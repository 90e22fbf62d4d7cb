"""Zones and days (C044)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.rules import zones
from app.domain.rules.zones import ZoneSource, day_of, instant, is_zone, local, offset_at, zone_for

MINUTE_MS = 60_000
ODD_ZONES = [
    "Africa/Cairo", "Africa/Casablanca", "America/Havana", "America/Nuuk", "America/Santiago", "America/Scoresbysund",
    "America/St_Johns", "Antarctica/Troll", "Asia/Beirut", "Asia/Kathmandu", "Atlantic/Azores", "Australia/Lord_Howe",
    "Europe/Dublin", "Europe/Paris", "Pacific/Chatham", "Pacific/Kiritimati", "UTC",
]  # fmt: skip


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    "name", ["", "CET+1", "europe/paris", "America", "../etc/passwd", "localtime", "+01:00", "é"]
)
def test_given_what_is_no_iana_name_then_it_is_refused(name: str) -> None:
    assert not is_zone(name)
    with pytest.raises(ValueError, match="no IANA time zone"):
        zones.zone_info(name)


def test_given_three_zones_then_the_first_that_exists_is_used_and_named() -> None:
    assert zone_for("Asia/Tokyo", "Europe/Paris", "UTC") == ("Asia/Tokyo", ZoneSource.USER)
    assert zone_for("Asia/Tokio", "Europe/Paris", "UTC") == ("Europe/Paris", ZoneSource.CAMPAIGN)
    assert zone_for(None, None, "UTC") == ("UTC", ZoneSource.APP)
    assert zone_for(None, "nowhere", "UTC") == ("UTC", ZoneSource.APP)


@pytest.mark.parametrize(
    ("date", "zone", "hours"),
    [
        ("2026-03-29", "Europe/Paris", 23),
        ("2026-10-25", "Europe/Paris", 25),
        ("2026-11-22", "Europe/Paris", 24),
        ("2026-04-24", "Africa/Cairo", 23),
        ("2026-04-04", "America/Santiago", 25),
        ("2026-04-05", "Australia/Lord_Howe", 24.5),
        ("2026-03-29", "Antarctica/Troll", 22),
    ],
)
def test_given_a_clock_change_then_the_day_is_as_long_as_the_clocks_say(
    date: str, zone: str, hours: float
) -> None:
    noon_ms = instant(datetime.fromisoformat(f"{date}T12:00"), zone)
    day = day_of(noon_ms, zone)
    assert day.ends_ms - day.starts_ms == hours * 3_600_000


def test_given_a_skipped_hour_then_the_instant_is_where_the_clocks_go_on() -> None:
    assert instant(datetime.fromisoformat("2026-03-29T02:30"), "Europe/Paris") == at("2026-03-29T01:00:00Z")
    assert instant(datetime.fromisoformat("2026-10-25T02:30"), "Europe/Paris") == at("2026-10-25T00:30:00Z")
    assert instant(datetime.fromisoformat("2026-04-24T00:00"), "Africa/Cairo") == at("2026-04-23T22:00:00Z")


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(ODD_ZONES), st.integers(at("2024-01-01T00:00:00Z"), at("2029-01-01T00:00:00Z")))
def test_given_any_instant_then_its_day_holds_exactly_the_instants_of_its_date(
    zone: str, now_ms: int
) -> None:
    day = day_of(now_ms, zone)
    date = local(now_ms, zone).date()
    assert day.starts_ms <= now_ms < day.ends_ms
    assert local(day.starts_ms, zone).date() == local(day.ends_ms - 1, zone).date() == date
    assert local(day.starts_ms - 1, zone).date() == date - timedelta(days=1)
    assert local(day.ends_ms, zone).date() == date + timedelta(days=1)
    offset = local(now_ms, zone).utcoffset()
    assert offset is not None
    assert offset_at(now_ms, zone) == offset // timedelta(milliseconds=1)


def test_given_an_earlier_instant_after_a_later_one_then_the_day_is_found_again() -> None:
    later, earlier = at("2026-11-22T12:00:00Z"), at("2026-11-20T12:00:00Z")
    assert day_of(later, "UTC").starts_ms == at("2026-11-22T00:00:00Z")
    assert day_of(earlier, "UTC").starts_ms == at("2026-11-20T00:00:00Z")
    assert local(later, "UTC") == datetime(2026, 11, 22, 12, tzinfo=UTC)
