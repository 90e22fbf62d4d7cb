"""No interval has more than the throttle allows at the push service, whoever works, dies or wakes (C049, C154)."""

from __future__ import annotations

import time
from functools import partial

import pytest

from app.clock import now_ms
from tests.chaos.throttling import Throttle, arrivals, demand, program, throttled
from tests.integration.fixtures import Systems
from tests.integration.notes import note
from tests.integration.system import System
from tests.integration.waiting import until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]
WORK_S = 150.0
BEGINNING_S = 3


def arrived(system: System) -> int:
    """Calls so far."""
    return sum(line["service"] == "fcm" for line in system.received())


def has_arrived(system: System, calls: int) -> bool:
    """Have so many arrived?"""
    return arrived(system) > calls


def test_no_interval_has_more_than_the_throttle_when_workers_come_and_go(systems: Systems) -> None:
    """Given demand of three intervals, refusals that are tried again, when one of two workers ends and comes back, then
    no interval has more, one of them is used up, and everything ends."""
    throttle, users = Throttle(40, 4), 90
    system = systems.make(partitions=2, clock="wall")
    throttled(system, throttle)
    system.start_workers(2)
    system.feed(demand(users))
    until(partial(has_arrived, system, throttle.most // 2), WORK_S, "the first have arrived", 0.05)
    system.workers[0].stop()
    system.start_worker(0)
    system.settle()
    found = arrivals(system, throttle)
    note(f"throttle of {throttle.most}: {found.told()}")
    assert max(found.by_interval.values()) <= throttle.most, found.told()
    assert (found.messages, found.unfinished) == (users, 0)
    assert found.again > 0, "nothing was tried again"
    assert max(found.by_interval.values()) > 0.75 * throttle.most, "no interval was used up"


@pytest.mark.soak
def test_no_interval_has_more_when_workers_are_killed(systems: Systems) -> None:
    """Given two workers, when each is killed and comes back, one while it waits for tokens of this very interval, and
    one is frozen for longer than an interval, then no interval has more, and every message ends."""
    throttle, users = Throttle(100, 4), 900
    system = systems.make(partitions=4, clock="wall")
    throttled(system, throttle)
    system.start_workers(2)
    system.feed(demand(users))
    for victim in (0, 1, 0):
        until(partial(has_arrived, system, arrived(system) + throttle.most), WORK_S, "more has arrived", 0.05)
        system.workers[victim].kill()
        system.start_worker(victim)
    system.wait_until_ready()
    system.workers[1].freeze()
    time.sleep(1.6 * throttle.every_s)
    system.workers[1].wake()
    system.settle(WORK_S)
    found = arrivals(system, throttle)
    note(f"throttle of {throttle.most}, 3 kills and a freeze: {found.told()}")
    assert max(found.by_interval.values()) <= throttle.most, found.told()
    assert (found.messages, found.unfinished) == (users, 0)
    assert max(found.by_interval.values()) > 0.75 * throttle.most, "no interval was used up"


@pytest.mark.soak
def test_a_coordinator_that_forgets_what_it_lent_is_found(systems: Systems) -> None:
    """Given a coordinator that knows nothing after a restart, when it restarts in an interval, the check finds it."""
    throttle = Throttle(60, 30)
    system = systems.make(partitions=2, clock="wall")
    throttled(system, throttle)
    system.start_workers(1, program("forget_what_is_lent"))
    until(lambda: now_ms() // 1000 % throttle.every_s < BEGINNING_S, WORK_S, "an interval begins", 0.05)
    system.feed(demand(240))
    until(partial(has_arrived, system, throttle.most // 2), WORK_S, "half has arrived", 0.05)
    system.workers[0].stop()
    system.start_worker(0, program("forget_what_is_lent"))
    until(partial(has_arrived, system, throttle.most * 3 // 2), WORK_S, "more than all has arrived", 0.05)
    found = arrivals(system, throttle)
    note(f"throttle, a coordinator that forgets: {found.told()}")
    assert max(found.by_interval.values()) > throttle.most, found.told()


@pytest.mark.soak
def test_tokens_that_are_never_void_are_found(systems: Systems) -> None:
    """Given senders that save tokens up, when demand comes after quiet intervals, then the check finds it."""
    throttle = Throttle(60, 4)
    system = systems.make(partitions=2, clock="wall")
    throttled(system, throttle)
    system.start_workers(1, program("keep_old_tokens"))
    messages = list(demand(240))
    first, others = messages[:20], messages[20:]
    system.feed(first)
    until(partial(has_arrived, system, len(first) // 4), WORK_S, "the first have arrived", 0.05)
    time.sleep(3 * throttle.every_s)
    system.feed(others)
    until(partial(has_arrived, system, 3 * throttle.most), WORK_S, "the others have arrived", 0.05)
    found = arrivals(system, throttle)
    note(f"throttle, tokens that are never void: {found.told()}")
    assert max(found.by_interval.values()) > throttle.most, found.told()
