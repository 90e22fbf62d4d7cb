"""Workers stopped and started in turn (C3), and a group that never rests (C9): nothing is lost or shown twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from tests.chaos import broken
from tests.chaos.killing import SCRIPT, chunks, finish, repeats
from tests.chaos.restarts import restart_in_turn, storm
from tests.chaos.scale import out_of_order, read_decisions
from tests.integration.fixtures import Systems
from tests.integration.judging import Work, make_work
from tests.integration.notes import note
from tests.integration.system import System
from tests.integration.waiting import until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

ROUNDS = 3
STORM_S = 20.0
STORM_PARTS = 12
A_FEW = 5
WORKERS = 2


def in_parts(system: System, work: Work, count: int) -> Callable[[], object]:
    """Feeds the next part at each call; nothing after the last."""
    parts: Iterator[Sequence[Any]] = chunks(work, count)
    return lambda: system.feed(next(parts, ()))


def test_restarting_every_worker_in_turn_shows_nothing_twice(systems: Systems) -> None:
    """Given workers at a replay, when each is stopped and started in turn, then they end in time and all is exact."""
    system, work = systems.make(), make_work(seed=81, rows=5_000)
    system.set_up(script=SCRIPT)
    system.start_workers(WORKERS)
    done = restart_in_turn(system, ROUNDS, in_parts(system, work, ROUNDS * WORKERS))
    findings = finish(system, work)
    drains = [round(each, 1) for each in done.drains_s]
    note(f"restarts: {len(drains)}, {done.busy} of them at work, drained in {drains} s; {findings.told()}")
    assert done.busy > 0, "no restart found anything under way"
    assert done.violations == []
    assert findings.exact, findings
    assert repeats(system) == {}


@pytest.mark.soak
def test_a_build_that_waits_for_no_answer_is_found_out(systems: Systems) -> None:
    """Given a build that ends without waiting for its calls, the same check finds pushes shown again."""
    system, work = systems.make(partitions=1), make_work(seed=82, rows=1_200)
    system.set_up(script={"service": "fcm", "delay": "700ms"})
    program = broken.program("no_last_words")
    system.start_workers(1, program)

    def more() -> None:
        system.feed(work.messages)
        until(
            lambda: system.ask(system.sink_url, "/inflight")["in_flight"] >= A_FEW,
            60,
            "calls are in flight",
            0.02,
        )

    done = restart_in_turn(system, 1, more, program)
    findings = finish(system, work)
    shown_again = repeats(system)
    note(
        f"broken build no_last_words: {done.busy} at work, {len(shown_again)} pushes shown again; {findings.told()}"
    )
    assert shown_again


@pytest.mark.soak
def test_a_group_that_never_rests_loses_and_swaps_nothing(systems: Systems) -> None:
    """Given workers that join, leave and die every two seconds, when it ends, then it goes on, exact and in order."""
    system, work = systems.make(), make_work(seed=83, rows=5_000)
    system.set_up(script=SCRIPT)
    system.start_workers(WORKERS)
    more = in_parts(system, work, STORM_PARTS)
    done = storm(system, STORM_S, 6, more)
    for _ in range(STORM_PARTS):
        more()
    findings = finish(system, work)
    decisions = read_decisions(system)
    after = f"progress after {done.progress_s:.1f} s, all ready after {done.ready_s:.1f} s"
    note(f"storm: {dict(done.changes)}, {after}; {findings.told()}")
    assert len(done.changes) == 3, "somebody must join, be stopped and be killed"
    assert done.violations == []
    assert findings.exact, findings
    assert decisions.contradicted == set()
    assert out_of_order(work.outcomes, decisions.ends) == []
