"""Openings after the first: what a renewal, a rebalance or another producer id must not lose. Found by simulation."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.turns import claim
from app.turns.deciding import WATERMARK_KEY, Decided
from app.turns.figures import Figures
from app.turns.opening import OPENED_KEY, Progress, open_partition
from app.turns.ports import Mail, Phase
from app.turns.relay import Relay
from app.turns.state import State
from app.turns.timers import Timers
from app.turns.turn import Turn
from app.turns.watermark import Opened, Watermark, encode
from tests.app.turns.broker import MemoryBroker, MemoryLog
from tests.app.turns.memory import MemoryStore, SetClock
from tests.app.turns.test_deciding import SUMS, Sum
from tests.app.turns.test_partition import CallingActor, filled, owned, total

pytestmark = pytest.mark.timeout(30)


async def test_a_renewal_takes_its_topics_out_of_the_fetch(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes while it opens is dropped: it must be fetched again, from the watermark."""
    broker = filled("1")
    async with owned(broker) as one:
        await one.ready()
        one.feed()
        await one.until(lambda: total(one.store) == 1)
        out_while_opening: list[bool] = []
        start = one.intake.start_at

        async def watched(topic: str, number: int, offset: int) -> None:
            out_while_opening.append(topic in one.intake.out)
            await start(topic, number, offset)

        monkeypatch.setattr(one.intake, "start_at", watched)
        one.clock.at_ms += claim.RENEW_MS + 1
        one.partition.nudge()
        await one.until(lambda: len(out_while_opening) == 2 and one.partition.phase is Phase.READY)
        assert out_while_opening == [True, True]


async def test_results_are_decided_though_the_first_turn_is_held_back() -> None:
    """Given answers of calls made before it was opened anew, when a rebalance begins, the process goes on."""
    async with owned(filled(), make_actor=CallingActor) as one:
        one.partition.hold_back()
        one.partition.post(1)
        await one.until(lambda: one.partition.phase is Phase.READY and not one.partition.results_waiting)
        await one.partition.go_on()
        await one.ready()


async def test_a_relay_that_somebody_waits_for_is_under_way() -> None:
    """`settle` must not take a partition for settled that waits for its relay."""
    gate, store = asyncio.Event(), MemoryStore()

    class Slow(MemoryLog):
        async def relay(self, mail: Any, time_ms: int) -> None:
            await gate.wait()

    state = State(store, Timers(store))
    turn = Turn(state, Watermark(b"", 1, 0, {}, {}), 0)
    turn.mail.append(Mail("out", b"k", b"v"))
    relay = Relay("sums/0", Slow(MemoryBroker()), store, state, SetClock(), lambda: None, Figures())
    relay.begin(Decided(turn, 0, [], []), 1)
    waiting = asyncio.ensure_future(relay.through())
    await asyncio.sleep(0)
    assert relay.is_busy
    gate.set()
    await waiting
    assert not relay.is_busy


async def test_what_an_owner_without_a_fence_appends_during_the_wait_is_restored() -> None:
    """Given another producer id, so that nobody refuses the one before, its last turn is not decided anew."""
    broker, store, clock = MemoryBroker(), MemoryStore(), SetClock()
    broker.journal.append((OPENED_KEY, encode(Opened("old", 1, 0, 0))))
    broker.pid = 2
    opening = asyncio.ensure_future(
        open_partition(broker.log(), store, (SUMS,), "new", clock, 0.05, Progress())
    )
    while store.get(OPENED_KEY) is None or len(broker.journal) < 3:  # noqa: ASYNC110 - the store has no event
        await asyncio.sleep(0)
    late = Watermark(b"identity", 7, 0, {"in": 41}, {})
    broker.journal += [(SUMS.prefix + b"a", SUMS.encode(Sum(5))), (WATERMARK_KEY, encode(late))]
    opened = await opening
    assert (opened.watermark.turn, opened.watermark.inputs) == (7, {"in": 41})
    assert total(store) == 5
    assert opened.position == len(broker.journal)
