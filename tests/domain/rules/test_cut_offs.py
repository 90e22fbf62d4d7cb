"""Cut-off (C043)."""

from __future__ import annotations

from datetime import datetime

import pytest

from app.domain.model.campaign import CutOff
from app.domain.rules.cut_offs import cut_off_at
from app.domain.rules.zones import local, names


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


READY = at("2026-11-22T14:00:00+01:00")
EIGHT = CutOff(minute=20 * 60)


@pytest.mark.parametrize(
    ("cut_off", "ready", "expected"),
    [
        (CutOff(at_ms=7), READY, 7),
        (CutOff(after_ms=60_000), READY, READY + 60_000),
        (EIGHT, READY, at("2026-11-22T20:00+01:00")),
        (EIGHT, at("2026-11-22T19:59:59.999+01:00"), at("2026-11-22T20:00+01:00")),
        (EIGHT, at("2026-11-22T20:00+01:00"), at("2026-11-23T20:00+01:00")),
        (EIGHT, at("2026-03-28T21:00+01:00"), at("2026-03-29T20:00+02:00")),
        (CutOff(minute=150), at("2026-03-29T01:00+01:00"), at("2026-03-29T03:00+02:00")),
    ],
)
def test_the_cut_off_is_an_instant_a_time_after_it_was_due_or_the_next_such_time_of_day(
    cut_off: CutOff, ready: int, expected: int
) -> None:
    assert cut_off_at(cut_off, ready, "Europe/Paris") == expected


def test_in_every_zone_the_next_such_time_is_within_two_days_and_shows_it_unless_it_is_skipped() -> None:
    skipped = 0
    for zone in names():
        for day in (1, 29):
            ready_ms = at(f"2026-03-{day:02}T20:30:00+00:00")
            found_ms = cut_off_at(EIGHT, ready_ms, zone)
            wall = local(found_ms, zone)
            skipped += (wall.hour, wall.minute) != (20, 0)
            assert 0 < found_ms - ready_ms <= 50 * 3_600_000
    assert skipped == 0
