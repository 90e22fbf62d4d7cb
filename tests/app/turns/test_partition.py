"""A partition's life on a broker in memory: opened, killed at any point, frozen, refused, reopened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.turns.actor import Actor, Read
from app.turns.deciding import Input
from app.turns.opening import IDENTITY_KEY, POSITION_KEY
from app.turns.partition import Partition
from app.turns.ports import JournalMissing, Owner, Phase, Ports
from app.turns.turn import Turn
from app.turns.turnstile import Turnstile
from app.turns.watermark import read_source
from tests.app.turns.broker import MemoryBroker, MemoryLog
from tests.app.turns.memory import MemoryStore, SetClock
from tests.app.turns.test_deciding import SUMS, Sum, SumActor


class Intake:
    """Remembers what is out of the fetch, and from where topics are to be fetched."""

    def __init__(self) -> None:
        self.out: set[str] = set()
        self.starts: dict[str, int] = {}

    def pause(self, topic: str, partition: int) -> None:
        self.out.add(topic)

    def resume(self, topic: str, partition: int) -> None:
        self.out.discard(topic)

    def passed(self, topic: str, partition: int, offset: int) -> int:
        return offset

    async def start_at(self, topic: str, partition: int, offset: int) -> None:
        self.starts[topic] = offset
        self.out.discard(topic)


class CallingActor(SumActor):
    """Makes a call for each record, and has room for two that are not answered and decided."""

    def __init__(self, partition: Partition) -> None:
        super().__init__()
        self._partition = partition
        self.in_flight = 0

    def room(self) -> int:
        return max(0, 2 - self.in_flight - self._partition.results_waiting)

    def step(self, turn: Turn, record: Any, read: Read) -> None:
        super().step(turn, record, read)
        turn.call(record.offset)

    def appended(self, turn: Turn) -> None:
        self.in_flight += len(turn.calls)
        asyncio.get_running_loop().call_soon(self._answer, list(turn.calls))

    def _answer(self, calls: list[int]) -> None:
        self.in_flight -= len(calls)
        for call in calls:
            self._partition.post(call)


class Owned:
    """One process's view of the partition."""

    def __init__(
        self,
        broker: MemoryBroker,
        store: MemoryStore,
        name: str = "one",
        wait_s: float = 0.0,
        make_actor: Callable[[Partition], Actor] = lambda _partition: SumActor(),
    ) -> None:
        self.broker = broker
        self.store = store
        self.intake = Intake()
        self.clock = SetClock()
        ports = Ports(self._log, lambda: store, self.clock, self.intake, Turnstile())
        inputs = [Input("in", relayed=False), Input("mail", relayed=True)]
        self.logs: list[MemoryLog] = []
        self.partition = Partition("sums", 0, inputs, make_actor, ports, Owner(name, wait_s, 10.0, 0.01))
        self.task = asyncio.ensure_future(self.partition.run())

    def _log(self) -> MemoryLog:
        self.logs.append(self.broker.log())
        return self.logs[-1]

    def feed(self) -> None:
        """Everything of the input from the partition's own position on, as a fetch would bring it."""
        records = self.broker.topics.get("in", [])[self.partition.next_offset("in") :]
        if records:
            self.partition.offer("in", records)

    async def until(self, done: Callable[[], bool]) -> None:
        """Let everybody run until something is true."""
        for _ in range(20_000):
            if done():
                return
            await asyncio.sleep(0)
        raise AssertionError(f"never came true; {self.partition.phase}, {self.partition.watermark}")

    async def ready(self) -> None:
        """Until it is open."""
        await self.until(lambda: self.partition.phase is Phase.READY and "in" in self.intake.starts)

    def kill(self) -> None:
        """As SIGKILL: nothing more happens, nothing is closed."""
        self.task.cancel()
        if self.partition._relay is not None and self.partition._relay._task is not None:
            self.partition._relay._task.cancel()


@asynccontextmanager
async def owned(
    broker: MemoryBroker, store: MemoryStore | None = None, **options: Any
) -> AsyncIterator[Owned]:
    """A partition that ends with the test."""
    one = Owned(broker, store or MemoryStore(), **options)
    try:
        yield one
    finally:
        one.kill()
        await asyncio.gather(one.task, return_exceptions=True)


def filled(*texts: str) -> MemoryBroker:
    """A broker with these events."""
    broker = MemoryBroker()
    for text in texts:
        broker.publish("in", b"a", text.encode())
    return broker


def total(store: MemoryStore) -> int:
    """The sum in a store."""
    raw = store.get(SUMS.prefix + b"a")
    return 0 if raw is None else SUMS.decode(raw).total


def out(broker: MemoryBroker) -> list[bytes | None]:
    """What a receiver sees that drops what is not above the highest source."""
    seen, highest = [], (-1, -1)
    for record in broker.topics.get("out", []):
        source = read_source(record.headers)
        assert source is not None
        if (source.turn, source.place) > highest:
            highest = (source.turn, source.place)
            seen.append(record.value)
    return seen


async def test_events_become_state_and_mail() -> None:
    """Given events, when the partition is open, then state is in the store and the mail is with the broker."""
    broker = filled("1", "2", "3")
    async with owned(broker) as one:
        await one.ready()
        one.feed()
        await one.until(lambda: total(one.store) == 6)
    assert out(broker) == [b"1", b"2", b"3"]


@pytest.mark.parametrize("keep_folder", [True, False], ids=["same folder", "empty folder"])
@pytest.mark.parametrize("stop_after", range(1, 60))
async def test_kill_at_any_point_changes_nothing(stop_after: int, keep_folder: bool) -> None:
    """Given a process killed after any number of steps of the loop, then the next one ends in the same place."""
    broker = filled("1", "2", "boom", "4", "5", "6")
    store = MemoryStore()
    async with owned(broker, store) as one:
        for step in range(stop_after):
            if one.partition.phase is Phase.READY and step % 7 == 0:
                one.feed()
            await asyncio.sleep(0)
        one.kill()
    after = store if keep_folder else MemoryStore()
    async with owned(broker, after, name="two") as two:
        await two.ready()
        two.feed()
        await two.until(
            lambda: (
                total(after) == 18 and two.partition._relay is not None and not two.partition._relay.is_busy
            )
        )
    assert out(broker) == [b"1", b"2", b"4", b"5", b"6"]


async def test_woken_owner_is_refused_and_decides_nothing() -> None:
    """Given an owner that was frozen while another took over, when it goes on, then its append is refused."""
    broker = filled("1")
    async with owned(broker) as frozen:
        await frozen.ready()
        async with owned(broker, MemoryStore(), name="two") as rightful:
            await rightful.ready()
            frozen.feed()
            await frozen.until(lambda: broker.refused > 0)
            await frozen.until(lambda: frozen.partition.phase is not Phase.READY)
            assert out(broker) == []
            assert total(frozen.store) == 0
            frozen.kill()


async def test_append_that_lands_elsewhere_is_not_believed() -> None:
    """Given a journal that somebody else wrote to unfenced, then the partition drops what it believes and reopens."""
    broker = filled("1", "2")
    async with owned(broker) as one:
        await one.ready()
        broker.journal.append((SUMS.prefix + b"a", SUMS.encode(Sum(40))))
        one.feed()
        await one.until(lambda: one.partition.refusals == 1)
        assert total(one.store) == 0


async def test_rightful_owner_that_lost_the_fence_opens_again() -> None:
    """Given a woken process that takes the fence first, then the rightful owner is refused, reopens and goes on."""
    broker = filled("1")
    async with owned(broker) as rightful:
        await rightful.ready()
        woken = broker.log()
        await woken.fence()
        await woken.append([(b"\x00opened", None)], 0)
        rightful.feed()
        await rightful.until(lambda: rightful.partition.refusals == 1)
        del rightful.intake.starts["in"]
        await asyncio.sleep(0.25)  # the back-off before it opens again
        await rightful.ready()
        rightful.feed()
        await rightful.until(lambda: total(rightful.store) == 1)
    assert out(broker) == [b"1"]


async def test_lost_answer_is_settled_by_opening_again() -> None:
    """Given an append whose answer is lost, then the journal says that it was decided, and it is relayed once."""
    broker = filled("1", "2")
    async with owned(broker) as one:
        await one.ready()
        broker.lose_next_answer = True
        one.feed()
        await one.until(lambda: one.partition.refusals == 1)
        await asyncio.sleep(0.25)  # the back-off before it opens again
        await one.until(lambda: total(one.store) == 3)
        assert one.partition.next_offset("in") == 2
    assert out(broker) == [b"1", b"2"]


async def test_another_journal_discards_the_folder() -> None:
    """Given a folder made from another journal, then it is discarded and the state is this journal's."""
    store = MemoryStore()
    store.write(
        [(IDENTITY_KEY, b"other"), (POSITION_KEY, (9).to_bytes(8, "big")), (SUMS.prefix + b"a", b"\x91\x07")]
    )
    broker = filled("1")
    async with owned(broker, store) as one:
        await one.ready()
        one.feed()
        await one.until(lambda: total(store) == 1)


async def test_folder_ahead_of_its_journal_is_discarded() -> None:
    """Given a folder whose position lies beyond the journal's end, then it is discarded."""
    store = MemoryStore()
    store.write(
        [
            (IDENTITY_KEY, b"identity"),
            (POSITION_KEY, (99).to_bytes(8, "big")),
            (SUMS.prefix + b"a", b"\x91\x07"),
        ]
    )
    async with owned(filled("1"), store) as one:
        await one.ready()
        one.feed()
        await one.until(lambda: total(store) == 1)


async def test_journal_without_identity_is_refused() -> None:
    """Given a journal that nobody began, then the partition refuses to open: its state cannot be known."""
    async with owned(MemoryBroker(identity=None)) as one:
        with pytest.raises(JournalMissing):
            await one.task


async def test_full_queue_takes_only_its_topic_out_of_the_fetch() -> None:
    """Given more records than a queue holds, then their topic alone leaves the fetch, and comes back."""
    broker = filled(*["1"] * 5_000)
    async with owned(broker) as one:
        await one.ready()
        records = broker.topics["in"]
        for start in range(0, len(records), 500):
            one.partition.offer("in", records[start : start + 500])
        assert one.intake.out == {"in"}
        await one.until(lambda: total(one.store) == 5_000)
        assert one.intake.out == set()


async def test_records_that_waited_for_room_are_taken_when_their_calls_have_ended() -> None:
    """Given more records than an actor has room for, and nothing new after them, then all of them are decided."""
    broker = filled(*["1"] * 21)
    async with owned(broker, make_actor=CallingActor) as one:
        await one.ready()
        one.feed()
        await one.until(lambda: total(one.store) == 21)


async def test_partition_that_is_held_back_begins_nothing_and_goes_on() -> None:
    """Given a rebalance, then nothing new is decided until it is known whose the partition is."""
    broker = filled("1")
    async with owned(broker) as one:
        await one.ready()
        one.partition.hold_back()
        one.feed()
        for _ in range(200):
            await asyncio.sleep(0)
        assert len(broker.topics.get("out", [])) == 0
        await one.partition.go_on()
        one.feed()
        await one.until(lambda: total(one.store) == 1)


async def test_closing_ends_what_was_begun() -> None:
    """Given a partition that is closed, then `run` returns, what was decided is relayed and saved, nothing more."""
    broker = filled("1", "2")
    async with owned(broker) as one:
        await one.ready()
        one.feed()
        await one.until(lambda: one.partition.turns == 1)
        await one.partition.close()
        await one.task
        await one.partition.release()
        assert total(one.store) == 3
        assert one.store.closed
    assert out(broker) == [b"1", b"2"]
