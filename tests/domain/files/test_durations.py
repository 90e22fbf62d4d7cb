"""Durations and times of day."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.files.durations import UNITS_MS, read_duration, read_time_of_day


@pytest.mark.parametrize(
    ("text", "duration_ms"),
    [("90s", 90_000), ("10m", 600_000), ("4h", 14_400_000), ("30d", 2_592_000_000), ("0s", 0)],
)
def test_given_a_number_and_a_unit_then_milliseconds(text: str, duration_ms: int) -> None:
    assert read_duration(text) == duration_ms


@pytest.mark.parametrize(
    "text", ["", "10", 10, "m", "10 m", "1.5h", "-1h", "10w", "10M", "٣h", "999999999999d", None]
)
def test_given_anything_else_then_none(text: object) -> None:
    assert read_duration(text) is None


@given(st.integers(0, 1439))
def test_given_any_minute_of_the_day_then_it_reads_as_it_is_written(minute: int) -> None:
    assert read_time_of_day(f"{minute // 60:02}:{minute % 60:02}") == minute


@pytest.mark.parametrize("text", ["24:00", "9:00", "21:60", "21", 2100, None, ""])
def test_given_no_time_of_day_then_none(text: object) -> None:
    assert read_time_of_day(text) is None


def test_the_units_are_those_of_the_contract() -> None:
    assert set(UNITS_MS) == set("smhd")
