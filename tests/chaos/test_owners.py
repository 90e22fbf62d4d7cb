"""One partition and many owners, as processes on a real journal: killed (C11) and stopped (C31) inside of a turn."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.deaths import die_often
from tests.chaos.owner import IN_CALL, POINTS
from tests.chaos.owners import estate
from tests.chaos.wakings import wake_often
from tests.integration.notes import note

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(240)]

DEATHS = 24
WAKINGS = 8
IN_CALLS = 3


async def test_deaths_inside_of_a_turn_change_nothing(broker: str, tmp_path: Path) -> None:
    """Given owners killed at every point of a turn, when others go on from any folder, then each record counts once."""
    with estate(broker, tmp_path) as place:
        struck = await die_often(place, DEATHS, seed=1)
        violations = place.violations(place.decided)
    note(f"deaths inside of a turn: {dict(struck)}")
    assert violations == []
    assert all(struck[point] == DEATHS // len(POINTS) for point in POINTS)
    assert all(
        struck[f"then {where}"] for where in ("the same folder", "an empty folder", "another's folder")
    )


@pytest.mark.parametrize(
    ("build", "point"), [("no_second_relay", "before_relay"), ("watermark_apart", "between_appends")]
)
async def test_a_build_that_does_not_survive_a_death_is_found_out(
    broker: str, tmp_path: Path, build: str, point: str
) -> None:
    """Given a build without a part of the protocol, the same check finds what its deaths have cost."""
    with estate(broker, tmp_path, build=build) as place:
        await die_often(place, 2, seed=1, points=(point,))
        violations = place.violations(place.decided)
    note(f"broken build {build}: {violations}")
    assert any("said: " in each for each in violations)


async def test_who_is_woken_in_the_middle_of_a_turn_changes_nothing(broker: str, tmp_path: Path) -> None:
    """Given owners stopped inside of a turn while others took over, when they wake, then they are refused."""
    with estate(broker, tmp_path) as place:
        woken = await wake_often(place, WAKINGS, seed=2)
        violations = place.violations(woken.records)
    note(f"woken inside of a turn: {woken.refused} of {woken.times} refused, at {', '.join(POINTS)}")
    assert (woken.times, woken.refused) == (WAKINGS, WAKINGS)
    assert violations + woken.changed == []


async def test_who_is_woken_inside_of_a_call_calls_nobody_any_more(broker: str, tmp_path: Path) -> None:
    """Given senders stopped while they call, when others have called again, then the woken ones change nothing."""
    with estate(broker, tmp_path, sending=True) as place:
        woken = await wake_often(place, IN_CALLS, seed=3, points=(IN_CALL,))
        violations = place.violations(woken.records, woken.in_doubt)
    note(f"woken inside of a call: {woken.refused} of {woken.times} refused, {woken.in_doubt} calls in doubt")
    assert (woken.times, woken.refused) == (IN_CALLS, IN_CALLS)
    assert woken.in_doubt > 0
    assert violations + woken.changed == []


async def test_a_build_without_a_fence_is_found_out_when_it_wakes(broker: str, tmp_path: Path) -> None:
    """Given a build that nobody refuses, the same check finds what the woken ones wrote."""
    with estate(broker, tmp_path, build="no_fence") as place:
        woken = await wake_often(place, 2, seed=2)
        violations = place.violations(woken.records)
    note(
        f"broken build no_fence: {woken.refused} refused, {len(woken.changed)} changes, {len(violations)} violations"
    )
    assert woken.refused == 0
    assert woken.changed
    assert violations
