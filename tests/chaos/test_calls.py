"""A sender that dies with calls at the push service: each is made again, under its own id, and no other is."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.chaos import broken
from tests.chaos.killing import finish, repeats
from tests.integration.fixtures import Systems
from tests.integration.judging import Findings, make_work
from tests.integration.notes import note
from tests.integration.process import PROGRAM
from tests.integration.system import System
from tests.integration.waiting import until

LATE = {"service": "fcm", "delay": "4s"}
LIMIT_S = 60.0
A_FEW = 5

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(180)]


def die_over_calls(system: System, program: Sequence[str]) -> tuple[Findings, int, int]:
    """Kill the only worker while calls wait for their answers. What was found, calls in flight, pushes repeated."""
    work = make_work(seed=71, rows=200, users=30)
    system.set_up(script=LATE)
    system.start_workers(1, program)
    system.feed(work.messages)
    until(lambda: _in_flight(system) >= A_FEW, LIMIT_S, "calls are in flight", 0.02)
    system.workers[0].freeze()
    seen: list[int] = []
    until(lambda: _counted(system, seen), LIMIT_S, "no call is on its way", 0.1)
    system.workers[0].kill()
    in_flight = seen[-1]
    system.start_workers(1)
    findings = finish(system, work)
    return findings, in_flight, len(repeats(system))


def _in_flight(system: System) -> int:
    return int(system.ask(system.sink_url, "/inflight")["in_flight"])


def _counted(system: System, seen: list[int]) -> bool:
    seen.append(_in_flight(system))
    return len(seen) > 1 and seen[-1] == seen[-2]


def test_only_calls_in_flight_are_made_again(systems: Systems) -> None:
    """Given calls without an answer when their worker dies, then they are made again, and all is exact."""
    findings, in_flight, repeated = die_over_calls(systems.make(partitions=1), PROGRAM)
    note(f"killed over {in_flight} calls: {repeated} pushes shown again; {findings.told()}")
    assert findings.exact, findings
    assert 0 < repeated <= in_flight


@pytest.mark.soak
def test_a_build_that_writes_its_ledger_after_the_call_is_found_out(systems: Systems) -> None:
    """Given a build that journals no attempt before its call, the same check finds messages that never end."""
    program = broken.program("ledger_after_call")
    findings, in_flight, repeated = die_over_calls(systems.make(partitions=1), program)
    note(f"broken build ledger_after_call: {in_flight} calls, {repeated} shown again; {findings.told()}")
    assert findings.unfinished
    assert not findings.exact
