"""Two that believe they own a partition, on a real journal: the broker lets one decide, and nobody decides twice."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from app.partitioning import partition_of
from app.turns.claim import RENEW_MS
from tests.chaos import broken
from tests.integration.fixtures import Systems
from tests.integration.judging import LAST_TICK, ids_of, make_work
from tests.integration.kafka import Kafka
from tests.integration.notes import note
from tests.integration.system import System
from tests.integration.tiny import Holder, Place
from tests.integration.waiting import until
from tests.oracle.outcome import shown
from tests.oracle.verdict import judge, judge_sink

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]
STUCK_LIMIT_S = 60.0


@pytest.fixture
def place(broker: str) -> Iterator[Place]:
    made = Place(Kafka(broker), f"tiny{secrets.token_hex(4)}")
    yield made
    made.kafka.delete(made.journal, made.topics.decisions)


async def test_who_was_frozen_with_a_turn_in_hand_is_refused(place: Place) -> None:
    """Given an owner frozen before its append, and another that took over, when it wakes, then it is refused."""
    await place.begin()
    frozen = Holder("frozen", place)
    await frozen.ready()
    frozen.add(3)
    await frozen.decided()
    frozen.gate.shut()
    frozen.add(3)
    await frozen.stands_at(frozen.gate)
    rightful = Holder("rightful", place)
    await rightful.decided()
    frozen.gate.open()
    await frozen.refused(1)
    await frozen.close()
    rightful.add(3)
    await rightful.decided()
    await rightful.close()
    note(f"frozen with a turn in hand: refused {frozen.partition.refusals} times")
    assert place.said() == place.expected()


async def test_who_wakes_and_renews_its_epoch_first_decides_nothing_twice(place: Place) -> None:
    """Given an owner frozen for half a day, when its renewal runs first, then it starts from what others decided."""
    await place.begin()
    frozen = Holder("frozen", place)
    await frozen.ready()
    frozen.add(2)
    await frozen.decided()
    frozen.gate.shut()
    frozen.add(2)
    await frozen.stands_at(frozen.gate)
    rightful = Holder("rightful", place)
    rightful.add(2)
    await rightful.decided()
    frozen.clock.at_ms += RENEW_MS + 1
    frozen.gate.open()
    await frozen.refused(1)
    await frozen.ready()
    rightful.add(2)
    await rightful.refused(1)
    await frozen.close()
    await rightful.decided()
    await rightful.close()
    note(
        f"woken into its renewal: refused {frozen.partition.refusals} times, "
        f"the rightful owner {rightful.partition.refusals} times"
    )
    assert place.said() == place.expected()


async def test_an_idle_owner_that_wakes_into_its_renewal_decides_nothing_twice(place: Place) -> None:
    """Given an idle owner whose epoch is old, when it renews it behind another's back, then both start anew."""
    await place.begin()
    frozen = Holder("frozen", place)
    await frozen.ready()
    frozen.add(2)
    await frozen.decided()
    rightful = Holder("rightful", place)
    await rightful.ready()
    rightful.add(2)
    await rightful.decided()
    frozen.clock.at_ms += RENEW_MS + 1
    await frozen.decided()
    rightful.add(2)
    await rightful.refused(1)
    await frozen.close()
    await rightful.decided()
    await rightful.close()
    assert place.said() == place.expected()


async def test_who_wakes_before_it_takes_the_fence_makes_the_rightful_owner_reopen(place: Place) -> None:
    """Given one frozen before its InitProducerId, when it wakes and takes the fence, then the owner takes it back."""
    await place.begin()
    frozen = Holder("frozen", place)
    frozen.fencing.shut()
    await frozen.stands_at(frozen.fencing)
    rightful = Holder("rightful", place)
    await rightful.ready()
    rightful.add(3)
    await rightful.decided()
    frozen.fencing.open()
    await frozen.ready()
    rightful.add(3)
    await rightful.refused(1)
    await rightful.decided()
    await frozen.close()
    rightful.add(3)
    await rightful.decided()
    await rightful.close()
    note(f"fence taken by who woke late: the rightful owner reopened {rightful.partition.refusals} times")
    assert place.said() == place.expected()


async def test_an_append_that_lands_elsewhere_stops_its_owner(place: Place) -> None:
    """Given a stranger that writes into the journal, when the owner appends, then it reopens and decides on."""
    await place.begin()
    owner = Holder("owner", place)
    await owner.ready()
    owner.add(2)
    await owner.decided()
    place.kafka.produce(place.journal, [("stranger", b"")])
    owner.add(2)
    await owner.refused(1)
    await owner.decided()
    await owner.close()
    assert place.said() == place.expected()


def test_a_partition_that_is_stuck_holds_up_no_other(systems: Systems) -> None:
    """Given one partition of users that never opens, when a log is replayed, then all others' users are exact."""
    system, work = systems.make(), make_work(seed=41, rows=1_500)
    system.set_up()
    system.start_worker(0, broken.program("stuck_open", "patient"))
    system.feed(work.messages)
    until(lambda: system.owned(0), STUCK_LIMIT_S, "the worker has its partitions")
    system.tick(LAST_TICK)
    others = {
        user
        for user in {row.user_id for row in work.rows}
        if partition_of(user.encode(), system.partitions, "murmur2") != 0
    }
    expected = work.of_users(others)
    try:
        until(
            lambda: set(ids_of(system.decisions(), "accepted")) == shown(expected).keys(),
            STUCK_LIMIT_S,
            "all other users have their pushes",
            0.5,
        )
    except AssertionError as error:
        raise AssertionError(f"{error}; the worker says {system.owned(0)}") from error
    status, said = system.get(0, "/readyz")
    assert (status, _stuck(system)) == (503, ["users/0"]), said
    assert judge(shown(expected), ids_of(system.decisions(), "sent")).exact
    assert judge_sink(expected, system.received()).exact
    assert "partition 0 of users" in str(said)
    note(f"stuck partition: users/0, with {len(expected)} messages of {len(others)} users beside it")
    system.workers[0].kill()


def _stuck(system: System) -> list[str]:
    """The partitions that do not decide."""
    return [
        f"{each['actor']}/{each['partition']}" for each in system.owned(0) or () if each["phase"] != "ready"
    ]
