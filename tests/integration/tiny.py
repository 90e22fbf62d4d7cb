"""The smallest actor that would show a wrong turn: it numbers its records, on a real journal, and can be frozen."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from msgspec import Struct

from app.clock import monotonic_s
from app.kafka_client.produce import Channel
from app.topics import Topics
from app.turns.actor import Read
from app.turns.deciding import Input
from app.turns.journals import begin_journal
from app.turns.kafka_log import KafkaLog, Lines
from app.turns.mailbox import Mailbox
from app.turns.partition import Partition
from app.turns.ports import Fence, Owner, Pair, Phase, Ports
from app.turns.relays import Relays
from app.turns.table import Table
from app.turns.turn import Turn
from app.turns.turnstile import Turnstile
from app.turns.watermark import SOURCE
from tests.app.turns.memory import MemoryRecord, MemoryStore, SetClock
from tests.integration.kafka import Kafka

LIMIT_S = 30.0
START_MS = 1_700_000_000_000
KEPT = {"retention.ms": "-1"}  # the broker would take records of that time away


class Count(Struct, array_like=True):
    """How many records have been decided."""

    number: int = 0


COUNTS = Table("counts", b"\x10", Count)


class Numbering(Mailbox):
    """Sends `offset:number` for each record: a record decided twice, or on stale state, shows."""

    tables: Sequence[Table[Any]] = (COUNTS,)

    def read(self, record: Any) -> Read:
        """Nothing to decode."""
        return Read(record.value)

    def step(self, turn: Turn, record: Any, read: Read) -> None:
        """Number it."""
        number = (turn.get(COUNTS, b"all") or Count()).number + 1
        turn.put(COUNTS, b"all", Count(number))
        turn.send(self.topics.decisions, record.key, f"{record.offset}:{number}".encode())


class Gate:
    """Where a worker can be frozen: nothing goes through while it is shut."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()
        self.waiting = 0

    def shut(self) -> None:
        """Freeze whoever comes."""
        self._open.clear()

    def open(self) -> None:
        """Wake whoever waits."""
        self._open.set()

    async def through(self) -> None:
        """Come here."""
        self.waiting += 1
        await self._open.wait()
        self.waiting -= 1


class FreezableLog(KafkaLog):
    """A journal on Kafka whose owner can be frozen before its next append, or before it takes the fence."""

    gate: Gate
    fencing: Gate

    async def append(self, pairs: Sequence[Pair], time_ms: int) -> int:
        """Append, once awake."""
        await self.gate.through()
        return await super().append(pairs, time_ms)

    async def fence(self) -> Fence:
        """Take the fence, once awake."""
        await self.fencing.through()
        return await super().fence()


class Place:
    """A journal of one partition, its input, and where its messages go."""

    def __init__(self, kafka: Kafka, app: str) -> None:
        self.kafka = kafka
        self.topics = Topics(app, f"{app}.in")
        self.journal = self.topics.journal("tiny")
        self.records: list[MemoryRecord] = []
        for topic in (self.journal, self.topics.decisions):
            kafka.create(topic, 1, KEPT)

    async def begin(self) -> None:
        """Give the journal its identity."""
        producer = AIOKafkaProducer(bootstrap_servers=self.kafka.bootstrap, acks="all")
        await producer.start()
        try:
            await begin_journal(producer, self.journal, 0, {}, START_MS)
        finally:
            await producer.stop()

    def said(self) -> list[str]:
        """What was relayed; a repeat under the same source counts once."""
        found = {
            (dict(each.headers())[SOURCE], each.value().decode())
            for each in self.kafka.read(self.topics.decisions, raw=True)
        }
        return sorted((text for _, text in found), key=lambda text: int(text.partition(":")[0]))

    def expected(self) -> list[str]:
        """Each record numbered once, in order."""
        return [f"{record.offset}:{record.offset + 1}" for record in self.records]


class Holder:
    """One worker that believes it owns the partition; also its Intake."""

    def __init__(self, name: str, place: Place) -> None:
        self.clock = SetClock(START_MS)
        self.gate, self.fencing = Gate(), Gate()
        self._place = place
        self._store = MemoryStore()
        self.partition = Partition(
            "tiny",
            0,
            [Input(place.topics.events, relayed=False)],
            lambda partition: Numbering(partition, place.topics),
            Ports(self._log, lambda: self._store, self.clock, self, Turnstile()),
            Owner(name, 0.5, 10.0, 0.5),
        )
        self._channel = Channel(place.kafka.bootstrap, name)
        self._relays = Relays(lambda: self._channel)
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        await self._channel.start()
        await self.partition.run()

    def _log(self) -> FreezableLog:
        kafka, place = self._place.kafka, self._place
        lines = Lines(kafka.bootstrap, lambda: self._channel, self._relays, _no_ends)
        log = FreezableLog(lines, f"{place.topics.app}.tiny.0", place.journal, 0)
        log.gate, log.fencing = self.gate, self.fencing
        return log

    def pause(self, topic: str, partition: int) -> None:
        """Everything is in memory."""

    def resume(self, topic: str, partition: int) -> None:
        """Everything is in memory."""

    def passed(self, topic: str, partition: int, offset: int) -> int:
        """There are no control records."""
        return offset

    async def start_at(self, topic: str, partition: int, offset: int) -> None:
        """Fetch from there on."""
        self.partition.offer(topic, self._place.records[offset:])

    def add(self, count: int) -> None:
        """More records come in, and this worker polls them."""
        records, topic = self._place.records, self._place.topics.events
        first = len(records)
        records += [MemoryRecord(topic, 0, first + n, START_MS, b"u", b"") for n in range(count)]
        self.partition.offer(topic, records[first:])

    async def ready(self) -> None:
        """Wait until it is open."""
        await self._until(lambda: self.partition.phase is Phase.READY)

    async def decided(self) -> None:
        """Wait until it has decided every record."""
        await self._until(
            lambda: self.partition.next_offset(self._place.topics.events) == len(self._place.records)
        )

    async def refused(self, times: int) -> None:
        """Wait until it was refused so often."""
        await self._until(lambda: self.partition.refusals >= times)

    async def stands_at(self, gate: Gate) -> None:
        """Wait until it stands frozen at a gate."""
        await self._until(lambda: gate.waiting > 0)

    async def _until(self, holds: Any) -> None:
        end_s = monotonic_s() + LIMIT_S
        while not holds():
            if self._task.done():
                self._task.result()
            assert monotonic_s() < end_s, f"{self.partition.phase}, refused {self.partition.refusals} times"
            await asyncio.sleep(0.02)

    async def close(self) -> None:
        """The group has taken the partition away."""
        self.gate.open()
        self.fencing.open()
        await self.partition.close()
        async with asyncio.timeout(LIMIT_S):
            await self._task
        await self.partition.release()
        await self._relays.close()
        await self._channel.close()


async def _no_ends(_topic: str, _partition: int) -> int:
    raise AssertionError("a stream clock asks for no end")
