"""A time is read the same whether its minute has been seen before or not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.times import MINUTES, Times

MOMENT_MS = 1_780_300_800_432  # 2026-06-01T08:00:00.432Z
PLAIN = "2026-06-01T08:00:00.432Z"
MOMENTS = st.integers(0, 4_102_444_800_000)


def plain(time_ms: int) -> str:
    moment = datetime.fromtimestamp(time_ms // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time_ms % 1000:03}Z"


@given(moments=st.lists(MOMENTS, min_size=1, max_size=5))
def test_plain_times_are_read_to_the_millisecond(moments: list[int]) -> None:
    times = Times()

    for time_ms in [*moments, *moments]:
        assert times.read(plain(time_ms)) == time_ms


@given(within_ms=st.lists(st.integers(0, 59_999), min_size=1, max_size=10))
def test_all_moments_of_one_minute_are_read_by_what_is_remembered_of_it(within_ms: list[int]) -> None:
    times, minute_ms = Times(), MOMENT_MS // 60_000 * 60_000

    assert [times.read(plain(minute_ms + each)) for each in within_ms] == [
        minute_ms + each for each in within_ms
    ]


@pytest.mark.parametrize(
    "value",
    ["2026-06-01T08:00:60.432Z", "2026-06-01T08:00:0x.432Z", "2026-06-01T08:00:00.4 2Z",
     "2026-06-01T08:00:\u0660\u0660.432Z",
     "2026-06-01T08:00;00.432Z", "2026-06-01T08:61:00.432Z", "2026-06-31T08:00:00.432Z", "2026-06-01T08:00:00.432",
     "soon", "", None, True, 1e12, [PLAIN]],
)  # fmt: skip
def test_what_is_no_time_is_none_also_in_a_minute_that_is_known(value: Any) -> None:
    times = Times()
    times.read(PLAIN)

    assert times.read(value) is None


@pytest.mark.parametrize(
    "value",
    [
        "2026-06-01T08:00:00.432+00:00",
        "2026-06-01T10:00:00.432+02:00",
        "20260601T080000.432Z",
        1_780_300_800.432,
    ],
)
def test_other_spellings_of_the_same_moment_are_the_same_time(value: Any) -> None:
    assert Times().read(value) == MOMENT_MS


def test_a_moment_with_its_zone_is_a_time_and_without_is_none() -> None:
    moment = datetime(2026, 6, 1, 10, 0, 0, 432_000, timezone(timedelta(hours=2)))

    assert Times().read(moment) == MOMENT_MS
    assert Times().read(moment.replace(tzinfo=None)) is None


def test_minutes_beyond_those_that_are_kept_are_read_too() -> None:
    times = Times()

    for number in range(2 * MINUTES):
        assert times.read(plain(MOMENT_MS + number * 60_000)) == MOMENT_MS + number * 60_000
