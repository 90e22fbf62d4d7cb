"""Workers that die at the worst places of a turn: before the append, before the relay, before the state folder."""

from __future__ import annotations

import pytest

from tests.chaos import broken
from tests.chaos.killing import chunks, finish
from tests.integration.fixtures import Systems
from tests.integration.judging import Findings, judge_run, make_work
from tests.integration.notes import note
from tests.integration.system import System
from tests.oracle.verdict import judge_sink

CRASH_S = 60.0
POINTS = ("crash_before_append", "crash_before_relay", "crash_before_store")

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(240)]


def crash(system: System, *builds: str) -> None:
    """Run such a build as the only worker, until it dies where it is meant to."""
    worker = system.start_worker(0, broken.program(*builds))
    assert worker.ended(CRASH_S) == broken.CRASHED
    assert "crash before" in worker.text


@pytest.mark.soak
def test_a_death_at_any_point_of_a_turn_changes_nothing(systems: Systems) -> None:
    """Given a death at each point of a turn, when a sound worker goes on, then the oracle finds all in place."""
    system, work = systems.make(partitions=2), make_work(seed=31, rows=900)
    system.set_up()
    for point, part in zip(POINTS, chunks(work, len(POINTS)), strict=True):
        system.feed(part)
        crash(system, point)
    system.start_workers(1)
    findings = finish(system, work)
    note(f"deaths: {', '.join(POINTS)}; {findings.told()}")
    assert findings.exact, findings
    assert findings.shown.exact, findings


def _decided_while_paused(system: System, *builds: str) -> Findings:
    """A worker dies over an event; the campaign is paused; another worker goes on. Nothing may be sent."""
    work = make_work(seed=32, rows=1)
    user = "user_0001"
    event = {"type": "track", "event": "payment_error", "messageId": "row-1", "userId": user}
    device = {"id": "d", "type": "android", "token": f"tok-{user}", "push": "allowed"}
    identify = {"type": "identify", "messageId": "row-0", "userId": user, "context": {"device": device}}
    time = {"timestamp": "2024-01-02T10:00:00Z"}
    system.set_up()
    system.feed([(user, identify | time), (user, event | time)])
    crash(system, *builds)
    system.done("campaign", "pause", "payment-help", "--no-wait")
    system.start_workers(1)
    system.settle()
    return judge_run(system, work.of_users(()))


@pytest.mark.soak
def test_a_turn_that_was_not_appended_has_not_happened(systems: Systems) -> None:
    """Given a death before the append, and a pause, when the event is decided again, then nothing was ever sent."""
    findings = _decided_while_paused(systems.make(partitions=2), "crash_before_append")
    assert findings.exact, findings


@pytest.mark.soak
def test_a_build_that_relays_before_it_appends_is_found_out(systems: Systems) -> None:
    """Given a build that relays first, the same check finds a push that no journal knows."""
    system = systems.make(partitions=2)
    findings = _decided_while_paused(system, "crash_before_append", "relay_before_append")
    note(f"broken build relay_before_append: {findings.told()}")
    assert judge_sink([], system.received()).unexpected
    assert findings.decided.unexpected
    assert not findings.exact
