"""A partition that is taken away ends what it has begun, and is let go whatever becomes of its cancellation."""

from __future__ import annotations

import asyncio

import pytest

from app.turns.deciding import Input
from app.turns.host import Host
from app.turns.partition import Partition
from app.turns.ports import Owner, Ports
from app.turns.turn import Turn
from app.turns.turnstile import Turnstile
from tests.app.turns.broker import MemoryBroker, MemoryLog
from tests.app.turns.memory import MemoryStore, SetClock
from tests.app.turns.test_deciding import SumActor
from tests.app.turns.test_partition import CallingActor, Intake, filled, owned


class Deaf(MemoryLog):
    """A log whose client swallows the first cancellation, as one that is being stopped does."""

    def __init__(self, broker: MemoryBroker) -> None:
        super().__init__(broker)
        self.cancelled = 0

    async def identity(self) -> bytes:
        """Never answers."""
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                if self.cancelled > 1:
                    raise


@pytest.mark.timeout(20)
async def test_an_opening_that_swallows_its_cancellation_is_let_go_all_the_same() -> None:
    """Given a partition whose opening swallows a cancellation, when it is taken away, then the rebalance goes on."""
    log, store = Deaf(MemoryBroker()), MemoryStore()
    ports = Ports(lambda: log, lambda: store, SetClock(), Intake(), Turnstile())
    crashes: list[BaseException] = []
    host = Host(
        "sums",
        [Input("in", relayed=False)],
        lambda _partition: SumActor(),
        lambda _actor, _number: ports,
        Owner("one", 0.0, 10.0, 0.01),
        crashes.append,
    )
    await host.assigned([0])
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await host.assigned([])
    assert log.cancelled == 2
    assert host.partitions == {}
    assert store.closed
    assert crashes == []


class SlowCaller(CallingActor):
    """Its calls are answered only when somebody says so, and it waits for them when it closes."""

    def __init__(self, partition: Partition) -> None:
        super().__init__(partition)
        self.answered = asyncio.Event()
        self.unanswered_at_close: list[int] = []

    def appended(self, turn: Turn) -> None:
        self.in_flight += len(turn.calls)

    async def closing(self) -> None:
        self.unanswered_at_close.append(self.in_flight)


async def test_closing_waits_for_the_calls_of_the_turn_that_is_under_way() -> None:
    """Given a partition closed while its turn is being appended, then its calls have begun when it waits for calls."""
    callers: list[SlowCaller] = []

    def make(partition: Partition) -> SlowCaller:
        callers.append(SlowCaller(partition))
        return callers[-1]

    async with owned(filled("1", "2"), make_actor=make) as one:
        await one.ready()
        one.feed()
        await one.until(lambda: one.partition.records == 2)
        assert callers[0].in_flight == 0
        await one.partition.close()
        await one.task
        await one.partition.release()
    assert callers[0].unanswered_at_close == [2]
