"""A producer id that has changed, so that the broker refuses no owner of old: its turns count for nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.owners import estate
from tests.chaos.strangers import append_late
from tests.integration.notes import note

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(240)]

TIMES = 6


async def test_who_is_not_refused_by_the_broker_changes_nothing(broker: str, tmp_path: Path) -> None:
    """Given owners woken under ids of their own, when their turns land, then no reader takes them for decided."""
    with estate(broker, tmp_path, build="new_id") as place:
        landed = await append_late(place, TIMES, seed=5)
        violations = place.violations(landed.records)
    note(
        f"owners of old that the broker did not refuse: {landed.turns} of {landed.times} turns landed, "
        f"{landed.refused} saw it, {landed.overrun} rightful owners opened anew"
    )
    assert (landed.turns, landed.refused) == (TIMES, TIMES)
    assert landed.overrun
    assert violations == []


async def test_a_build_whose_turns_count_wherever_they_stand_is_found_out(
    broker: str, tmp_path: Path
) -> None:
    """Given a build that restores whatever the journal holds, the same check finds what was decided on old state."""
    with estate(broker, tmp_path, build="new_id_counts_anywhere") as place:
        landed = await append_late(place, 2, seed=5)
        violations = place.violations(landed.records)
    note(f"broken build new_id_counts_anywhere: {violations[:2]}")
    assert landed.turns
    assert violations
