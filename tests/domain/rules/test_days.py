"""Caps by the calendar day, in every zone and around every change of its clocks in five years (C031)."""

from __future__ import annotations

from app.domain.model.campaign import Cap
from app.domain.rules.caps import is_capped
from app.domain.rules.zones import day_of, local, names
from tests.domain.rules.test_quiet import HOUR_MS, MINUTE_MS, changes_of, offset


def test_given_every_zone_and_every_change_then_a_cap_counts_the_pushes_of_the_date_on_the_wall() -> None:
    """Given a push every 25 minutes around a change, then another is capped by those of the same date."""
    seen: set[tuple[object, ...]] = set()
    compared = changes = 0
    for zone in sorted(names()):
        for change_ms in changes_of(zone):
            shape = (change_ms, offset(change_ms - MINUTE_MS, zone), offset(change_ms, zone))
            if shape in seen:
                continue
            seen.add(shape)
            changes += 1
            pushes = range(change_ms - 30 * HOUR_MS, change_ms + 30 * HOUR_MS, 25 * MINUTE_MS)
            dates = [local(at_ms, zone).date() for at_ms in pushes]
            for now_ms in (
                change_ms - 1,
                change_ms,
                change_ms + HOUR_MS,
                day_of(change_ms, zone).ends_ms - 1,
            ):
                count = dates.count(local(now_ms, zone).date())
                assert not is_capped([Cap(count + 1), Cap(1000)], pushes, now_ms, zone), (zone, now_ms)
                assert is_capped([Cap(1000), Cap(count)], pushes, now_ms, zone), (zone, now_ms)
                compared += 1
    assert changes > 250
    assert compared == 4 * changes
