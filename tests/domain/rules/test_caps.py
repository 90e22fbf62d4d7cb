"""Caps (C031-C033): by example, and against a naive count."""

from __future__ import annotations

from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.model.campaign import Cap
from app.domain.rules.caps import LONGEST_DAY_MS, exhausted_cap, horizon_ms, is_capped
from app.domain.rules.zones import local

HOUR_MS = 3_600_000
ZONES = st.sampled_from(["Europe/Paris", "America/Santiago", "Africa/Cairo", "UTC", "Pacific/Kiritimati"])


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


BASE_MS = at("2026-10-24T12:00:00+00:00")


def test_given_three_a_day_when_three_went_out_today_then_the_fourth_is_capped_until_midnight_of_the_user() -> (
    None
):
    cleared = [at(f"2026-11-22T{hour:02}:00+09:00") for hour in (0, 12, 20)]
    assert is_capped([Cap(3)], cleared, at("2026-11-22T23:59:59.999+09:00"), "Asia/Tokyo")
    assert not is_capped([Cap(3)], cleared, at("2026-11-23T00:00+09:00"), "Asia/Tokyo")
    assert not is_capped([Cap(3)], cleared, at("2026-11-22T23:59+09:00"), "Europe/Paris")


def test_given_a_rolling_cap_when_the_window_has_passed_exactly_then_it_counts_no_more() -> None:
    cap = Cap(1, 24 * HOUR_MS)
    assert is_capped([cap], [BASE_MS], BASE_MS + 24 * HOUR_MS - 1, "UTC")
    assert not is_capped([cap], [BASE_MS], BASE_MS + 24 * HOUR_MS, "UTC")


def test_given_two_caps_then_the_strictest_wins_and_is_named() -> None:
    day, week = Cap(3), Cap(4, 7 * 24 * HOUR_MS)
    cleared = [BASE_MS - days * 24 * HOUR_MS for days in (1, 2, 3, 4)]
    assert exhausted_cap([day, week], cleared, BASE_MS, "UTC") == week
    assert exhausted_cap([day], cleared, BASE_MS, "UTC") is None
    assert exhausted_cap([], cleared, BASE_MS, "UTC") is None


def test_given_a_cap_of_zero_then_nothing_goes_out() -> None:
    assert is_capped([Cap(0)], [], BASE_MS, "UTC")


def test_given_a_push_cleared_after_now_then_it_counts_too() -> None:
    assert is_capped([Cap(1)], [BASE_MS + HOUR_MS], BASE_MS, "UTC")
    assert is_capped([Cap(1, 2 * HOUR_MS)], [BASE_MS + HOUR_MS], BASE_MS, "UTC")


def naive_count(cap: Cap, cleared_ms: list[int], now_ms: int, zone: str) -> int:
    if cap.rolling_ms is None:
        today = local(now_ms, zone).date()
        return len([at_ms for at_ms in cleared_ms if local(at_ms, zone).date() == today])
    return len([at_ms for at_ms in cleared_ms if now_ms - cap.rolling_ms < at_ms < now_ms + cap.rolling_ms])


CAPS = st.lists(
    st.builds(Cap, st.integers(0, 4), st.one_of(st.none(), st.integers(HOUR_MS, 50 * HOUR_MS))), max_size=3
)
TIMES = st.integers(BASE_MS - 60 * HOUR_MS, BASE_MS + 60 * HOUR_MS)


@settings(max_examples=500, deadline=None)
@given(CAPS, st.lists(TIMES, max_size=8), TIMES, ZONES)
def test_given_any_history_then_it_is_capped_where_a_naive_count_says_so(
    caps: list[Cap], cleared_ms: list[int], now_ms: int, zone: str
) -> None:
    expected = any(naive_count(cap, cleared_ms, now_ms, zone) >= cap.max for cap in caps)
    assert is_capped(caps, cleared_ms, now_ms, zone) is expected


@settings(max_examples=300, deadline=None)
@given(CAPS, st.lists(TIMES, max_size=8), ZONES)
def test_given_pushes_are_forgotten_after_the_horizon_then_nothing_changes(
    caps: list[Cap], cleared_ms: list[int], zone: str
) -> None:
    now_ms = max(cleared_ms, default=BASE_MS)
    remembered = [at_ms for at_ms in cleared_ms if at_ms > now_ms - horizon_ms(caps)]
    assert is_capped(caps, remembered, now_ms, zone) is is_capped(caps, cleared_ms, now_ms, zone)
    assert horizon_ms([]) == 0
    assert horizon_ms([Cap(1), Cap(1, HOUR_MS)]) == LONGEST_DAY_MS
