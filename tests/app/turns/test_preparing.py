"""A folder that is prepared ahead: its next opening reads the tail alone, and finds what a whole restore finds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from app.turns.opening import IDENTITY_KEY, POSITION_KEY
from app.turns.ports import JournalMissing, Ports
from app.turns.preparing import prepare
from app.turns.turnstile import Turnstile
from tests.app.turns.broker import MemoryBroker, MemoryLog
from tests.app.turns.memory import MemoryStore, SetClock
from tests.app.turns.test_deciding import SumActor
from tests.app.turns.test_partition import Intake, owned

JOURNAL = "journal"
TABLES = SumActor().tables


class TellingLog(MemoryLog):
    """A log that also knows where the journal ends, and remembers what was read of it."""

    def __init__(self, broker: MemoryBroker) -> None:
        super().__init__(broker)
        self.reads: list[tuple[int, int]] = []
        self.fenced = 0

    async def end_of(self, topic: str) -> int:
        """The journal's end too."""
        return len(self._broker.journal) if topic == JOURNAL else await super().end_of(topic)

    def read(self, start: int, stop: int) -> AsyncIterator[Sequence[tuple[int, bytes, bytes | None]]]:
        """Remember which part."""
        self.reads.append((start, stop))
        return super().read(start, stop)


def ports(broker: MemoryBroker, store: MemoryStore) -> tuple[Ports, TellingLog]:
    log = TellingLog(broker)
    return Ports(lambda: log, lambda: store, SetClock(), Intake(), Turnstile()), log


async def decide(broker: MemoryBroker, store: MemoryStore, count: int) -> None:
    """An owner on this store decides so many more records, saves them, and is killed."""
    for number in range(count):
        broker.publish("in", b"key", str(number).encode())
    async with owned(broker, store) as one:
        await one.ready()
        one.feed()
        await one.until(lambda: one.partition.saved_offset("in") == len(broker.topics["in"]))


def position(store: MemoryStore) -> int:
    return int.from_bytes(store.get(POSITION_KEY) or b"", "big")


async def test_it_reads_what_is_there_and_then_only_what_has_come() -> None:
    """Given a journal that grows, when a folder is prepared twice, then the second reads from where the first ended."""
    broker, theirs, ours = MemoryBroker(), MemoryStore(), MemoryStore()
    await decide(broker, theirs, 5)
    (first_ports, first), first_end = ports(broker, ours), len(broker.journal)
    assert await prepare(first_ports, TABLES, JOURNAL) == first_end
    await decide(broker, theirs, 3)
    second_ports, second = ports(broker, ours)
    await prepare(second_ports, TABLES, JOURNAL)
    assert first.reads == [(0, first_end)]
    assert second.reads == [(first_end, len(broker.journal))]
    assert position(ours) == len(broker.journal)
    assert ours.closed


async def test_an_owner_that_opens_a_prepared_folder_has_the_state_of_the_one_before() -> None:
    """Given a prepared folder, and turns since, when it is opened, then it goes on where the other left off."""
    broker, theirs, ours = MemoryBroker(), MemoryStore(), MemoryStore()
    await decide(broker, theirs, 5)
    await prepare(ports(broker, ours)[0], TABLES, JOURNAL)
    await decide(broker, theirs, 2)
    await decide(broker, ours, 2)
    whole = MemoryStore()
    await prepare(ports(broker, whole)[0], TABLES, JOURNAL)
    prefixes = tuple(table.prefix for table in TABLES)
    kept = [
        {key: value for key, value in store.values.items() if key.startswith(prefixes)}
        for store in (ours, whole)
    ]
    assert kept[0]
    assert kept[0] == kept[1]


async def test_it_takes_no_fence_and_holds_up_no_owner() -> None:
    """Given an owner at work, when others prepare, then the owner is never refused, and nothing is appended."""
    broker = MemoryBroker()
    async with owned(broker) as one:
        await one.ready()
        for number in range(3):
            await prepare(ports(broker, MemoryStore())[0], TABLES, JOURNAL)
            broker.publish("in", b"key", str(number).encode())
            one.feed()
            await one.until(lambda: one.partition.saved_offset("in") == len(broker.topics["in"]))
        assert one.partition.refusals == 0
        assert broker.refused == 0


async def test_a_folder_of_another_journal_is_begun_anew() -> None:
    """Given state of a journal with another identity, when it is prepared, then nothing of it is left."""
    broker, store = MemoryBroker(), MemoryStore()
    await decide(broker, MemoryStore(), 2)
    store.write([(IDENTITY_KEY, b"another"), (b"\x10old", b"x"), (POSITION_KEY, (7).to_bytes(8, "big"))])
    await prepare(ports(broker, store)[0], TABLES, JOURNAL)
    assert store.get(b"\x10old") is None
    assert store.get(IDENTITY_KEY) == b"identity"


async def test_a_journal_that_is_gone_leaves_the_folder_alone() -> None:
    """Given a journal without an identity, then it raises, before anything is touched."""
    store = MemoryStore()
    store.write([(IDENTITY_KEY, b"identity"), (b"\x10old", b"x")])
    with pytest.raises(JournalMissing):
        await prepare(ports(MemoryBroker(identity=None), store)[0], TABLES, JOURNAL)
    assert store.get(b"\x10old") == b"x"


async def test_what_was_read_before_it_was_cut_short_is_kept() -> None:
    """Given a preparation that is cancelled between two chunks, then the position is that of what was written."""
    broker, store = MemoryBroker(), MemoryStore()
    await decide(broker, MemoryStore(), 20)
    task = asyncio.ensure_future(prepare(ports(broker, store)[0], TABLES, JOURNAL))
    while not position(store):  # noqa: ASYNC110 - a store in memory tells nobody
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert 0 < position(store) < len(broker.journal)
    assert store.closed
