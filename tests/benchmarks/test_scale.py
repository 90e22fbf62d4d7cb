"""The arithmetic of docs/scale.md, and that the page says what it gives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.scale import DAILY_USERS, DAY_S, MARKS, MEASURED, Assumed, needs, pages, said, write

PAGE = Path(__file__).parents[2] / "docs" / "scale.md"


def test_the_page_has_the_tables_of_the_figures() -> None:
    """Given the page, then its tables are those that the figures of today give (`benchmarks.scale --write`)."""
    text = PAGE.read_text(encoding="utf-8")
    for mark, table in pages(MEASURED, Assumed()).items():
        assert f"{mark}\n{table}\n" in text


def test_events_a_second_follow_from_users_and_day() -> None:
    """Given one event a second for each 86,400 users that come once, then mean and peak are as assumed."""
    found = needs(DAY_S, MEASURED, Assumed(events_a_day=1.0, peak=5.0))
    assert (found.mean_per_second, found.peak_per_second) == (1.0, 5.0)


def test_there_is_always_a_worker_to_spare_and_as_many_brokers_as_copies() -> None:
    found = needs(1_000, MEASURED, Assumed())
    assert (found.workers, found.brokers, found.partitions) == (2, 3, 8)


def test_workers_follow_the_peak() -> None:
    """Given twice the rate of a worker, then about half the workers carry the peak, and one is to spare."""
    slow = replace(MEASURED, large_state_ratio=1.0, restore_records_per_second=1e9)
    fast = replace(slow, events_per_cpu_second=2 * slow.events_per_cpu_second)
    some, few = (needs(100_000_000, each, Assumed()).workers for each in (slow, fast))
    assert some - 1 == pytest.approx(2 * (few - 1), abs=1)


def test_more_workers_where_restore_would_take_too_long() -> None:
    """Given a slow restore, then workers are added until what one leaves behind is back in time."""
    slow = replace(MEASURED, restore_records_per_second=10_000)
    found = needs(10_000_000, slow, Assumed())
    assert found.lost_folder_s <= Assumed().away_s
    assert found.workers > needs(10_000_000, MEASURED, Assumed()).workers


@pytest.mark.parametrize("daily", DAILY_USERS)
def test_partitions_are_a_power_of_two_and_leave_room_to_grow(daily: int) -> None:
    found = needs(daily, MEASURED, Assumed())
    assert found.partitions & (found.partitions - 1) == 0
    assert found.partitions >= 4 * found.workers


def test_tables_are_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "".join(f"before\n\n{mark}\n| old |\n\nafter {mark[5:9]}\n\n" for mark in MARKS), encoding="utf-8"
    )
    write(page, dict.fromkeys(MARKS, "| new |"))
    text = page.read_text(encoding="utf-8")
    assert "old" not in text
    assert text.count("| new |\n\nafter") == 3


def test_a_page_without_marks_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing here\n", encoding="utf-8")
    with pytest.raises(ValueError, match="has no"):
        write(page, pages(MEASURED, Assumed()))


@pytest.mark.parametrize(
    ("value", "text"), [(29_120, "29,100"), (0.58, "0.58"), (231.48, "231"), (4.66, "4.7")]
)
def test_numbers_have_the_digits_that_count(value: float, text: str) -> None:
    assert said(value) == text
