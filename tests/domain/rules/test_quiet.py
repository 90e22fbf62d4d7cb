"""Quiet hours (C040-C042): by example, and against a walk minute by minute around every clock change."""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime, timedelta

import pytest

from app.domain.model.campaign import Quiet, QuietThen
from app.domain.rules.quiet import quiet_until
from app.domain.rules.zones import local, names

HOUR_MS = 3_600_000
MINUTE_MS = 60_000
NIGHT = Quiet(21 * 60, 9 * 60, QuietThen.HOLD)


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-22T20:59:59.999+01:00", None),
        ("2026-11-22T21:00:00+01:00", "2026-11-23T09:00:00+01:00"),
        ("2026-11-23T00:00:00+01:00", "2026-11-23T09:00:00+01:00"),
        ("2026-11-23T08:59:59.999+01:00", "2026-11-23T09:00:00+01:00"),
        ("2026-11-23T09:00:00+01:00", None),
        ("2026-03-28T21:00:00+01:00", "2026-03-29T09:00:00+02:00"),
        ("2026-10-24T21:00:00+02:00", "2026-10-25T09:00:00+01:00"),
    ],
)
def test_given_nine_to_nine_when_asked_then_quiet_until_nine_on_the_wall(now: str, until: str | None) -> None:
    assert quiet_until(NIGHT, at(now), "Europe/Paris") == (None if until is None else at(until))


def test_given_the_end_is_skipped_then_quiet_ends_where_the_clocks_go_on() -> None:
    early = Quiet(60, 150, QuietThen.HOLD)
    assert quiet_until(early, at("2026-03-29T01:30+01:00"), "Europe/Paris") == at("2026-03-29T03:00+02:00")


def test_given_the_whole_window_is_skipped_then_it_is_never_quiet() -> None:
    skipped = Quiet(130, 170, QuietThen.HOLD)
    for minute in range(90):
        now_ms = at("2026-03-29T01:30+01:00") + minute * MINUTE_MS
        assert quiet_until(skipped, now_ms, "Europe/Paris") is None


def test_given_the_hour_comes_twice_then_the_first_end_counts_and_the_second_pass_is_quiet_again() -> None:
    window = Quiet(60, 150, QuietThen.HOLD)
    assert quiet_until(window, at("2026-10-25T01:30+02:00"), "Europe/Paris") == at("2026-10-25T02:30+02:00")
    assert quiet_until(window, at("2026-10-25T02:45+02:00"), "Europe/Paris") is None
    assert quiet_until(window, at("2026-10-25T02:15+01:00"), "Europe/Paris") == at("2026-10-25T02:30+01:00")


def test_given_an_end_after_the_change_then_the_repeated_hour_prolongs_the_quiet() -> None:
    window = Quiet(60, 180, QuietThen.HOLD)
    assert quiet_until(window, at("2026-10-25T02:59+02:00"), "Europe/Paris") == at("2026-10-25T03:00+01:00")


def test_given_a_window_that_ends_where_it_begins_then_it_is_empty() -> None:
    assert quiet_until(Quiet(60, 60, QuietThen.DROP), at("2026-11-22T01:00+00:00"), "UTC") is None


# The walk: the wall clock asked at every minute, for every zone, around every change of 2024 to 2028.

FIRST_MS, LAST_MS = at("2024-01-01T00:00:00+00:00"), at("2029-01-01T00:00:00+00:00")


def wall_minute(now_ms: int, zone: str) -> int:
    moment = local(now_ms, zone)
    return moment.hour * 60 + moment.minute


def is_quiet(quiet: Quiet, minute: int) -> bool:
    if quiet.from_minute < quiet.to_minute:
        return quiet.from_minute <= minute < quiet.to_minute
    return minute >= quiet.from_minute or minute < quiet.to_minute


def offset(now_ms: int, zone: str) -> timedelta | None:
    return local(now_ms, zone).utcoffset()


def changes_of(zone: str) -> list[int]:
    """Every change of the offset, found by steps of six days (no two are nearer) and halving, on whole minutes."""
    found, step_ms = [], 144 * HOUR_MS
    for start_ms in range(FIRST_MS, LAST_MS, step_ms):
        low, high = start_ms // MINUTE_MS, (start_ms + step_ms) // MINUTE_MS
        before = offset(start_ms, zone)
        if offset(high * MINUTE_MS, zone) == before:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(middle * MINUTE_MS, zone) == before else (low, middle)
        found.append(high * MINUTE_MS)
    return found


def windows_around(minute: int) -> list[Quiet]:
    """Windows that end, begin or lie at the wall time of the change, and the night that holds it."""
    edges = [(-90, -30), (-30, 30), (0, 60), (-60, 0), (30, 90), (-600, 120), (59, 1), (-1, 1)]
    return [Quiet((minute + a) % 1440, (minute + b) % 1440, QuietThen.HOLD) for a, b in edges] + [NIGHT]


def walk(zone: str, change_ms: int) -> int:
    """Compare at every third minute of four hours around a change, and at the minutes next to it."""
    spans = range(change_ms - 13 * HOUR_MS, change_ms + 40 * HOUR_MS, MINUTE_MS)
    minutes = [wall_minute(now_ms, zone) for now_ms in spans]
    compared = 0
    asked = sorted({*range(-120, 121, 3), -1, 0, 1})
    for quiet in windows_around(wall_minute(change_ms - MINUTE_MS, zone) + 1):
        outside = [
            now_ms for now_ms, minute in zip(spans, minutes, strict=True) if not is_quiet(quiet, minute)
        ]
        for around in asked:
            now_ms = change_ms + around * MINUTE_MS
            at_or_after = bisect_right(outside, now_ms - 1)
            expected = None if outside[at_or_after] == now_ms else outside[at_or_after]
            assert quiet_until(quiet, now_ms, zone) == expected, (zone, quiet, now_ms)
            compared += 1
    return compared


def test_given_every_zone_and_every_change_then_quiet_ends_where_a_walk_by_minutes_ends() -> None:
    seen: set[tuple[int, timedelta | None, timedelta | None]] = set()
    compared = 0
    for zone in sorted(names()):
        for change_ms in changes_of(zone):
            shape = (change_ms, offset(change_ms - MINUTE_MS, zone), offset(change_ms, zone))
            if shape not in seen:  # zones that change alike, with no other change for days, are alike
                seen.add(shape)
                compared += walk(zone, change_ms)
    assert len(names()) > 500
    assert len(seen) > 250
    assert compared > 50_000
