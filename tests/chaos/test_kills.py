"""Workers killed at work: nothing is lost, nothing is made up, and only calls in flight are made again."""

from __future__ import annotations

import pytest

from tests.chaos import broken
from tests.chaos.killing import SCRIPT, finish, repeats, replay_with_kills, without_cause
from tests.integration.fixtures import Systems
from tests.integration.judging import make_work
from tests.integration.notes import note

KILLS = 10

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(420)]


def test_ten_kills_change_nothing(systems: Systems) -> None:
    """Given two workers at a replay, when ten times one is killed, then the oracle finds every number in place."""
    system, work = systems.make(), make_work(seed=11, rows=7_000)
    system.set_up(script=SCRIPT)
    system.start_workers(2)
    kills = replay_with_kills(system, work, KILLS, seed=5)
    findings = finish(system, work)
    repeated = repeats(system)
    note(f"kills: {kills.told()}; {len(repeated)} pushes shown again; {findings.told()}")
    assert len(kills.at_ms) == KILLS
    assert sum(backlog > 0 for backlog in kills.backlog) > 0, "no kill found anything under way"
    assert findings.exact, findings
    assert without_cause(repeated, kills.at_ms) == []
    assert len(repeated) <= kills.budget(system.partitions)


@pytest.mark.soak
def test_a_build_that_skips_records_is_found_out(systems: Systems) -> None:
    """Given a build that passes over an event now and then, the same check says what is missing."""
    system, work = systems.make(), make_work(seed=12, rows=1_500)
    system.set_up(script=SCRIPT)
    program = broken.program("skip_record")
    system.start_workers(2, program)
    replay_with_kills(system, work, 1, seed=6, program=program)
    findings = finish(system, work)
    note(f"broken build skip_record: {findings.told()}")
    assert findings.decided.missing
    assert not findings.exact
