"""The two logs that one contract holds for: the simulated one, and the one on a real broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any, Protocol
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from app.kafka_client.produce import Channel
from app.turns.kafka_log import KafkaLog, Lines
from app.turns.opening import IDENTITY_KEY
from app.turns.ports import Fence, Log
from app.turns.relays import Relays
from app.turns.watermark import SOURCE
from tests.simulation.broker import Line, OldEpoch, OutOfOrder, SimBroker
from tests.simulation.log import SimLog
from tests.simulation.network import Habits, Network

REFUSALS = {45: "out of order", 46: "out of order", 47: "old epoch", 90: "old epoch"}
LIMIT_S = 60.0
Relayed = tuple[bytes | None, bytes | None, bytes]


class Side(Protocol):
    """A broker with one journal and one topic, each of one partition."""

    journal: str
    topic: str

    def log(self) -> Log:
        """An owner of the journal, not opened."""

    async def begin(self, identity: bytes) -> None:
        """Write the journal's first record, as `setup` does."""

    async def relayed(self) -> list[Relayed]:
        """Key, value and source of everything in the topic."""

    async def produce(self, fence: Fence, sequence: int, values: Sequence[bytes]) -> int | str:
        """One idempotent batch by hand: its offset, or why it was refused."""


class _RealTime:
    """The loop that runs the test, as the simulated network uses it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.call_later = self._loop.call_later
        self.create_future = self._loop.create_future

    @property
    def now_s(self) -> float:
        """The loop's clock."""
        return self._loop.time()


class SimulatedSide:
    """Everything in memory, over a network that answers within a millisecond."""

    journal = "journal"
    topic = "topic"

    def __init__(self) -> None:
        self._broker = SimBroker(lambda: 1)
        self._network = Network(_RealTime(), Random(1), Habits())  # type: ignore[arg-type]

    def log(self) -> Log:
        """One more owner."""
        return SimLog(self._broker, self._network, Random(2), "name", (self.journal, 0))

    async def begin(self, identity: bytes) -> None:
        """The first record."""
        self._broker.publish((self.journal, 0), [(IDENTITY_KEY, identity, ())])

    async def relayed(self) -> list[Relayed]:
        """What the topic holds."""
        records = self._broker.part(self.topic, 0).records
        return [(record.key, record.value, record.headers[0][1]) for record in records]

    async def produce(self, fence: Fence, sequence: int, values: Sequence[bytes]) -> int | str:
        """Straight to the partition."""
        lines: list[Line] = [(b"k", value, ()) for value in values]
        try:
            return self._broker.produce((self.journal, 0), *fence, sequence, lines)[0]
        except OutOfOrder:
            return "out of order"
        except OldEpoch:
            return "old epoch"


class KafkaSide:
    """A journal and a topic of their own on a real broker."""

    def __init__(
        self, bootstrap: str, ends: AIOKafkaConsumer, client: AIOKafkaClient, channel: Channel
    ) -> None:
        self.journal = f"contract-{uuid4().hex[:12]}"
        self.topic = f"{self.journal}-topic"
        self.bootstrap = bootstrap
        self._ends = ends
        self._client = client
        self._channel = channel

    def log(self) -> Log:
        """One more owner."""
        lines = Lines(self.bootstrap, lambda: self._channel, Relays(lambda: self._channel), self._end_of)
        return KafkaLog(lines, f"{self.journal}.name", self.journal, 0)

    async def _end_of(self, topic: str, partition: int) -> int:
        place = TopicPartition(topic, partition)
        return int((await self._ends.end_offsets([place]))[place])

    async def begin(self, identity: bytes) -> None:
        """The first record."""
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, acks="all")
        await producer.start()
        try:
            await producer.send_and_wait(self.journal, identity, IDENTITY_KEY, partition=0)
        finally:
            await producer.stop()

    async def relayed(self) -> list[Relayed]:
        """Read from the first record to the end that is asked for now."""
        reader = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, group_id=None, enable_auto_commit=False)
        await reader.start()
        place = TopicPartition(self.topic, 0)
        found: list[Any] = []
        try:
            reader.assign([place])
            reader.seek(place, 0)
            end = await self._end_of(*place)
            while len(found) < end:
                found += (await reader.getmany(place, timeout_ms=500)).get(place, [])
        finally:
            await reader.stop()
        return [(r.key, r.value, dict(r.headers)[SOURCE]) for r in found]

    async def produce(self, fence: Fence, sequence: int, values: Sequence[bytes]) -> int | str:
        """A record batch made here, sent as it is."""
        builder: Any = DefaultRecordBatchBuilder(2, 0, 0, fence.pid, fence.epoch, sequence, 1 << 20)
        for number, value in enumerate(values):
            builder.append(number, 1, b"k", value, [])
        batch = bytes(builder.build())
        node = self._client.cluster.leader_for_partition(TopicPartition(self.journal, 0))
        request = ProduceRequest(None, -1, 10_000, [(self.journal, [(0, batch)])])
        answer = await self._client.send(node, request)
        _partition, code, offset, *_ = answer.topics[0][1][0]
        return REFUSALS[code] if code else int(offset)


@asynccontextmanager
async def on_kafka(bootstrap: str) -> AsyncIterator[KafkaSide]:
    """A side on a real broker, and nothing of it left afterwards."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    ends = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False)
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    channel = Channel(bootstrap, "contract-produce")
    async with asyncio.timeout(LIMIT_S):
        await admin.start()
        await ends.start()
        await client.bootstrap()
        await channel.start()
        side = KafkaSide(bootstrap, ends, client, channel)
        await admin.create_topics([NewTopic(side.journal, 1, 1), NewTopic(side.topic, 1, 1)])
        await client.set_topics([side.journal])
    try:
        yield side
    finally:
        await admin.delete_topics([side.journal, side.topic])
        await client.close()
        await channel.close()
        await ends.stop()
        await admin.close()
