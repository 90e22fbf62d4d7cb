"""A worker frozen past its session and woken: refused, and what it had in hand is decided once, by others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pytest

from app.clock import monotonic_s
from app.engine import SESSION_S
from tests.chaos import broken
from tests.chaos.folders import wrong_folders
from tests.chaos.killing import SCRIPT, chunks, finish, repeats
from tests.integration.fixtures import Systems
from tests.integration.judging import Work, make_work
from tests.integration.notes import note
from tests.integration.system import System
from tests.integration.waiting import until

FROZEN_S = SESSION_S + 4
LIMIT_S = 60.0
REFUSED = ": Refused: "

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]


def freeze_at_work(system: System, number: int) -> int:
    """Freeze a worker with records of users before it, until another owns and has decided everything.

    Returns how many calls the push service had at that moment.
    """
    until(lambda: _in_hand(system, number) > broken.SLOW_RECORDS, LIMIT_S, "work to freeze in", 0.01)
    frozen_s = monotonic_s()
    system.workers[number].freeze()
    in_flight: int = system.ask(system.sink_url, "/inflight")["in_flight"]
    system.settle(frozen=number)
    until(lambda: monotonic_s() - frozen_s > FROZEN_S, LIMIT_S, "the session is over")
    return in_flight


def _in_hand(system: System, number: int) -> int:
    """How many records each partition of users has taken at least, and not decided."""
    owned = [each for each in system.owned(number) or () if each["actor"] == "users"]
    return min((each["queued"] for each in owned if each["phase"] == "ready"), default=0)


class Freezes(NamedTuple):
    """Of each freeze: how often the woken worker was refused, and the calls that were in flight."""

    refused: list[int]
    in_flight: list[int]


def replay_with_freezes(system: System, work: Work, times: int, program: Sequence[str]) -> Freezes:
    """Feed in parts; after each but the last freeze a worker, wake it, and kill whoever had taken over.

    The kill makes the journal the only witness.
    """
    system.start_workers(2, program)
    *parts, last = chunks(work, times + 1)
    done = Freezes([], [])
    for victim, part in enumerate(parts):
        system.feed(part)
        before = system.workers[victim].text.count(REFUSED)
        done.in_flight.append(freeze_at_work(system, victim))
        system.workers[victim].wake()
        system.wait_until_ready(LIMIT_S)
        done.refused.append(system.workers[victim].text.count(REFUSED) - before)
        system.workers[1 - victim].kill()
        system.start_worker(1 - victim, program)
        system.wait_until_ready(LIMIT_S)
    system.feed(last)
    return done


def test_a_worker_that_slept_through_its_session_changes_nothing(systems: Systems) -> None:
    """Given a worker frozen in a turn past its session, when it wakes, then it is refused and all is exact."""
    system, work = systems.make(), make_work(seed=21, rows=4_500)
    system.set_up(script=SCRIPT)
    freezes = replay_with_freezes(system, work, 2, broken.program("slow"))
    findings = finish(system, work)
    repeated = repeats(system)
    note(f"freezes: {freezes}; {len(repeated)} pushes shown again; {findings.told()}")
    system.stop_workers()
    assert wrong_folders(system) == []
    assert all(freezes.refused), "a woken worker was never refused"
    assert findings.exact, findings
    assert len(repeated) <= sum(freezes.in_flight)


@pytest.mark.soak
def test_a_build_without_a_fence_is_found_out(systems: Systems) -> None:
    """Given a build whose appends nobody refuses, the same check finds what the woken worker has spoilt."""
    system, work = systems.make(), make_work(seed=21, rows=3_000)
    system.set_up(script=SCRIPT)
    freezes = replay_with_freezes(system, work, 1, broken.program("slow", "no_fence"))
    findings = finish(system, work)
    repeated = repeats(system)
    note(f"broken build no_fence: {freezes}; {len(repeated)} pushes shown again; {findings.told()}")
    assert not any(freezes.refused)
    assert not findings.exact or len(repeated) > sum(freezes.in_flight)
