"""C13, C14: a disk that is full for a while, and one whose writes take seconds."""

from __future__ import annotations

import pytest

from app.clock import monotonic_s
from app.engine import SESSION_S
from tests.chaos import brokerless
from tests.chaos.disks import full_disk, is_unwell, positions, slow_disk, stall_s
from tests.chaos.feeding import Feed
from tests.chaos.killing import finish
from tests.integration.fixtures import Systems
from tests.integration.judging import make_work
from tests.integration.notes import note
from tests.integration.system import System
from tests.integration.waiting import until

UNWELL_S = 10.0
BACK_S = 60.0
SLOW_FOR_S = 8.0
PER_SECOND = 150

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(240)]


def test_a_full_disk_stops_a_worker_until_there_is_room(systems: Systems) -> None:
    """Given a disk that fills up under load, then its worker is unwell, takes no polls, and goes on by itself."""
    system, work = systems.make(partitions=2), make_work(seed=91, rows=1_500)
    system.set_up()
    system.start_workers(1)
    feed = Feed(system.kafka.bootstrap, system.topics.events, work.messages, PER_SECOND)
    until(lambda: feed.acknowledged > PER_SECOND, BACK_S, "there is load")
    with full_disk(system.workers[0]):
        full_s = monotonic_s()
        until(lambda: is_unwell(system), BACK_S, "the worker is unwell", 0.02)
        unwell_s = monotonic_s() - full_s
        until(lambda: stands_still(system), BACK_S, "nothing is decided", 1.0)
        backlog = system.backlog(0)
    free_s = monotonic_s()
    system.wait_until_ready(BACK_S)
    ready_s = monotonic_s() - free_s
    feed.end()
    findings = finish(system, work)
    note(
        f"C13: unwell after {unwell_s:.1f} s, backlog {backlog}, ready after {ready_s:.1f} s; {findings.told()}"
    )
    assert unwell_s <= UNWELL_S
    assert backlog > 0
    assert system.workers[0].code is None
    assert findings.exact, findings


def stands_still(system: System) -> bool:
    """Has nothing been decided since the last look? Looks twice, a little apart, while more and more waits."""
    before, backlog = positions(system), system.backlog(0)
    until(lambda: system.backlog(0) > backlog, BACK_S, "more waits")
    return bool(before) and positions(system) == before


@pytest.mark.soak
def test_a_build_that_does_not_see_its_writes_fail_is_found_out(systems: Systems) -> None:
    """Given a build that takes every write for done, when the disk is full, then it is never unwell."""
    system, work = systems.make(partitions=1), make_work(seed=92, rows=600)
    system.set_up()
    system.start_workers(1, brokerless.program("careless_store"))
    feed = Feed(system.kafka.bootstrap, system.topics.events, work.messages, PER_SECOND)
    with full_disk(system.workers[0]):
        feed.end()
        system.settle()
        assert not is_unwell(system)
    note("C13: broken build careless_store: ready all the time on a full disk")


def slow_writes(system: System, build: str, rows: int) -> tuple[float, bool]:
    """Slow writes under load: the longest stall of the event loop, and whether the worker kept its partitions."""
    work = make_work(seed=93, rows=rows)
    system.set_up()
    system.start_workers(1, brokerless.program(build))
    opened = openings(system)
    feed = Feed(system.kafka.bootstrap, system.topics.events, work.messages, PER_SECOND)
    until(lambda: feed.acknowledged > PER_SECOND, BACK_S, "there is load")
    stalls = [stall_s(system)]
    with slow_disk(system):
        end_s = monotonic_s() + SLOW_FOR_S
        while monotonic_s() < end_s:
            stalls.append(stall_s(system))
    kept = system.workers[0].code is None and openings(system) == opened
    feed.stop()
    note(f"C14: {build}: the loop stood still for {max(stalls):.2f} s at most; kept its partitions: {kept}")
    return max(stalls), kept


def openings(system: System) -> int:
    """How often its worker has opened a partition."""
    return system.workers[0].text.count(": open at journal offset")


def test_slow_writes_cost_nobody_its_place_in_the_group(systems: Systems) -> None:
    """Given writes that take one to two seconds, then the event loop goes on, and no partition is given away."""
    stall, kept = slow_writes(systems.make(), "slow_disk", 3_000)
    assert kept
    assert stall < SESSION_S / 3


@pytest.mark.soak
def test_a_build_that_waits_for_its_disk_on_the_loop_is_found_out(systems: Systems) -> None:
    """Given a build that stops the event loop while the disk is slow, then the same look notices the stall."""
    stall, kept = slow_writes(systems.make(), "slow_on_the_loop", 3_000)
    assert stall >= SESSION_S / 3 or not kept
