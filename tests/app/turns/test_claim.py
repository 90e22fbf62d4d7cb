"""Whether a partition is still ours: asked where its mailbox is found empty, and after a rebalance slept through."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.turns.claim import Claim
from app.turns.host import Host
from app.turns.ports import Owner, Phase
from tests.app.turns.memory import MemoryStore, SetClock
from tests.app.turns.test_partition import filled, owned, total

OWNER = Owner("one", 0.0, 10.0, 0.01)

pytestmark = pytest.mark.timeout(30)


async def test_an_owner_that_asks_hears_yes_and_goes_on() -> None:
    """Given nothing to decide, when somebody asks, then an append says that it is ours, and nothing is reopened."""
    broker = filled("1")
    async with owned(broker) as one:
        await one.ready()
        one.feed()
        await one.until(lambda: total(one.store) == 1)
        end = len(broker.journal)
        assert await one.partition.claim.ask()
        assert len(broker.journal) > end
        assert one.partition.refusals == 0


async def test_an_owner_of_old_that_asks_hears_no_and_fetches_anew() -> None:
    """Given others that have decided all meanwhile, then the woken owner opens again, behind what they decided."""
    broker = filled("1", "2", "3")
    async with owned(broker) as woken:
        await woken.ready()
        async with owned(broker, MemoryStore(), name="two") as other:
            await other.ready()
            other.feed()
            await other.until(lambda: total(other.store) == 6)
            other.kill()
        woken.intake.starts.clear()
        assert not await woken.partition.claim.ask()
        await asyncio.sleep(0.25)  # the back-off before it opens again
        await woken.ready()
        assert woken.partition.refusals == 1
        assert woken.intake.starts["in"] == 3


async def test_a_partition_kept_over_a_rebalance_that_it_slept_through_finds_out_whose_it_is() -> None:
    """Given nothing new in its mailbox, when the group leaves it here after a freeze, then it opens again."""
    broker = filled("1")
    async with owned(broker) as woken:
        await woken.ready()
        woken.feed()
        await woken.until(lambda: total(woken.store) == 1)
        async with owned(broker, MemoryStore(), name="two") as other:
            await other.ready()
            other.kill()
        woken.clock.at_ms += 60_000
        woken.partition.hold_back()
        await woken.partition.go_on()
        await woken.until(lambda: woken.partition.refusals == 1)


async def test_a_partition_kept_over_a_rebalance_at_work_appends_nothing_for_it() -> None:
    """Given a journal that has just answered, when the group leaves the partition here, then nobody asks."""
    broker = filled("1")
    async with owned(broker) as one:
        await one.ready()
        one.feed()
        await one.until(lambda: total(one.store) == 1)
        one.partition.hold_back()
        await one.partition.go_on()
        one.broker.publish("in", b"a", b"2")
        one.feed()
        await one.until(lambda: total(one.store) == 3)
        assert one.partition.phase is Phase.READY
        assert one.partition.turns == 2


async def test_an_append_under_way_says_nothing_of_a_question_that_came_after_it() -> None:
    """The broker may have taken it before the fence that the question is about."""
    claim = Claim(SetClock())
    claim.opened()
    claim.trying()
    asked = claim.ask()
    claim.held(1)
    assert not asked.done()
    claim.trying()
    claim.held(2)
    assert await asked


async def test_what_was_decided_while_somebody_asked_is_fetched_from_behind_it() -> None:
    """Given a fetch that stood before what is decided since, and deleted, then it is not lost, and is fetched anew."""
    broker = filled("1", "2")
    async with owned(broker) as one:
        await one.ready()
        one.feed()
        await one.until(lambda: total(one.store) == 3)
        one.intake.starts.clear()
        host = Host("sums", one.partition.inputs, _nobody, _nobody, OWNER, _nobody)
        host.partitions[0] = one.partition
        assert not await host.is_lost("in", 0, 1)
        assert one.intake.starts == {"in": 2}
        assert await host.is_lost("in", 0, 2)
        assert not await host.is_lost("in", 1, 2)


def _nobody(*_: object) -> Any:
    raise AssertionError("nothing of this is to be made")
