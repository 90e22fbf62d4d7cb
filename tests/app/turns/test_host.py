"""A partition that is taken away is let go, whatever becomes of the cancellation of what it was doing."""

from __future__ import annotations

import asyncio

import pytest

from app.turns.deciding import Input
from app.turns.host import Host
from app.turns.ports import Owner, Ports
from tests.app.turns.broker import MemoryBroker, MemoryLog
from tests.app.turns.memory import MemoryStore, SetClock
from tests.app.turns.test_deciding import SumActor
from tests.app.turns.test_partition import Intake


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
    ports = Ports(lambda: log, lambda: store, SetClock(), Intake())
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
