"""When a date trigger is due (C011)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from app.domain.model.campaign import DateTrigger
from app.domain.rules.due_dates import due_of

DAY_MS = 86_400_000


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("value", "offset_ms", "expected"),
    [
        ("2026-12-24T18:00:00Z", -DAY_MS, "2026-12-23T18:00:00+00:00"),
        ("2026-12-24T18:00:00+09:00", 0, "2026-12-24T09:00:00+00:00"),
        ("2026-12-24T18:00:00", 3_600_000, "2026-12-24T19:00:00+00:00"),
        (1_798_135_200, -DAY_MS, "2026-12-23T18:00:00+00:00"),
        ("2026-12-24", -DAY_MS, "2026-12-23T09:00:00+01:00"),
        ("2026-12-24", 2 * DAY_MS, "2026-12-26T09:00:00+01:00"),
        ("2026-12-24", -90 * 60_000, "2026-12-24T07:30:00+01:00"),
        ("2026-03-29", -DAY_MS, "2026-03-28T09:00:00+01:00"),
        ("2026-03-28", DAY_MS, "2026-03-29T09:00:00+02:00"),
    ],
)
def test_an_offset_from_a_date_with_a_time_or_on_the_wall_clock(
    value: Any, offset_ms: int, expected: str
) -> None:
    """C011: whole days of a date without a time are days of the calendar, over a clock change too."""
    trigger = DateTrigger("departs_at", offset_ms, 9 * 60)
    assert due_of(trigger, {"departs_at": value}, "Europe/Paris") == at(expected)


@pytest.mark.parametrize(
    "value", [None, "", "soon", "2026-13-01", "2026-02-30", True, [], {}, 1e40, "0001-01-01", "9999-12-31"]
)
def test_what_is_no_date_is_due_never(value: Any) -> None:
    assert due_of(DateTrigger("departs_at", -DAY_MS, 540), {"departs_at": value}, "Asia/Tokyo") is None


def test_a_date_without_a_time_needs_one_from_the_campaign() -> None:
    assert due_of(DateTrigger("departs_at"), {"departs_at": "2026-12-24"}, "UTC") is None
    assert due_of(DateTrigger("trip.day", 0, 0), {"trip": {"day": "2026-12-24"}}, "UTC") is not None
