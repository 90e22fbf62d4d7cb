"""A cluster in memory, behind the few methods of aiokafka's client that the hot path uses."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from io import BytesIO
from typing import Any

from aiokafka import TopicPartition, errors
from aiokafka.protocol.fetch import FetchRequest_v11
from aiokafka.protocol.produce import ProduceRequest_v7
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c_py

from app.kafka_client.protocol import Fetched, FetchReply, Produced, ProduceRequest
from app.kafka_client.protocol import FetchRequest as OurFetchRequest

LATENCY_S = 0.001


def a_batch(base: int, *values: bytes, last: int | None = None) -> bytes:
    """A record batch as a log holds it; `last`: the offset of its last record before compaction."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1 << 20)
    for number, value in enumerate(values):
        builder.append(number, 1000 + number, b"k", value, [])
    data = bytearray(builder.build())
    data[0:8] = base.to_bytes(8, "big")
    if last is not None:
        data[23:27] = (last - base).to_bytes(4, "big")
        reseal(data)
    return bytes(data)


def reseal(data: bytearray) -> None:
    """Its checksum, made anew."""
    data[17:21] = calc_crc32c_py(bytes(data[21:])).to_bytes(4, "big")


class Log:
    """One topic partition."""

    def __init__(self, begin: int = 0) -> None:
        self.batches: list[tuple[int, int, bytes]] = []
        self.begin = self.end = begin

    def add(self, *values: bytes) -> None:
        """One batch more."""
        self.put(a_batch(self.end, *values))

    def put(self, data: bytes) -> None:
        """One batch more, as it is."""
        batch = DefaultRecordBatch(data)
        self.batches.append((batch.base_offset, batch.next_offset, data))
        self.end = batch.next_offset

    def read(self, offset: int) -> bytes:
        """From the batch that holds `offset` on."""
        return b"".join(data for _, stop, data in self.batches if stop > offset)


class Cluster:
    """Who leads what, what it holds, and what goes wrong.

    `codes`: errors that a place answers with, one after the other. `down`: brokers that cannot be reached.
    """

    def __init__(self, leaders: dict[TopicPartition, int]) -> None:
        self.leaders = leaders
        self.known = dict(leaders)
        self.logs = {place: Log() for place in leaders}
        self.codes: dict[TopicPartition, list[int]] = {}
        self.fetch_codes: list[int] = []
        self.down: set[int] = set()
        self.mute: set[int] = set()
        self.sessions = True
        self.produced: list[tuple[int, dict[TopicPartition, bytes]]] = []
        self.fetched: list[tuple[int, tuple[int, int], dict[TopicPartition, int], set[TopicPartition]]] = []
        self.refreshed = 0
        self.under_way: Counter[TopicPartition] = Counter()
        self.most_under_way: Counter[TopicPartition] = Counter()
        self.before_answer: Callable[[int], None] | None = None
        self._session: dict[int, dict[TopicPartition, int]] = {}
        self._epochs: dict[int, int] = {}

    # --- what the client is asked for ------------------------------------------------------------------------

    @property
    def cluster(self) -> Any:
        """Where its metadata are."""
        return self

    def leader_for_partition(self, place: TopicPartition) -> int | None:
        """By the metadata of the last refresh."""
        return self.known.get(place)

    def add_topic(self, _topic: str) -> None:
        """Everything is known."""

    async def bootstrap(self) -> None:
        """It is there."""

    async def set_topics(self, _topics: set[str]) -> None:
        """Everything is known."""

    async def close(self) -> None:
        """Nothing is open."""

    def get_random_node(self) -> int:
        """The first."""
        return 1

    async def force_metadata_update(self) -> bool:
        """Ask who leads what now."""
        await asyncio.sleep(LATENCY_S)
        self.refreshed += 1
        self.known = dict(self.leaders)
        return True

    async def send(self, node: int, request: Any) -> Any:
        """A request to one broker."""
        await asyncio.sleep(LATENCY_S)
        if node in self.down:
            raise errors.NodeNotReadyError(f"{node}")
        if node in self.mute:
            await asyncio.sleep(30.0)
            raise errors.RequestTimedOutError
        if isinstance(request, ProduceRequest):
            return await self._produce(node, request)
        if isinstance(request, OurFetchRequest):
            return await self._fetch(node, request)
        return self.answer(node, request)

    def answer(self, _node: int, request: Any) -> Any:
        """Any other request."""
        raise AssertionError(f"nobody expects {request}")

    # --- produce ---------------------------------------------------------------------------------------------

    async def _produce(self, node: int, request: ProduceRequest) -> list[Produced]:
        asked = ProduceRequest_v7.decode(BytesIO(request.encode()))
        batches = {
            TopicPartition(topic, partition): data
            for topic, partitions in asked.topics
            for partition, data in partitions
        }
        self.produced.append((node, batches))
        for place in batches:
            self.under_way[place] += 1
            self.most_under_way[place] = max(self.most_under_way[place], self.under_way[place])
        await asyncio.sleep(LATENCY_S)
        if self.before_answer is not None:
            self.before_answer(node)
        answers = [self._produced(node, place, data) for place, data in batches.items()]
        self.under_way.subtract(batches.keys())
        return answers

    def _produced(self, node: int, place: TopicPartition, data: bytes) -> Produced:
        if self.codes.get(place):
            return Produced(place, self.codes[place].pop(0), -1)
        if self.leaders.get(place) != node:
            return Produced(place, errors.NotLeaderForPartitionError.errno, -1)
        log = self.logs[place]
        at = log.end
        moved = bytearray(data)
        moved[0:8] = at.to_bytes(8, "big")
        log.put(bytes(moved))
        return Produced(place, 0, at)

    # --- fetch -----------------------------------------------------------------------------------------------

    async def _fetch(self, node: int, request: OurFetchRequest) -> FetchReply:
        asked = FetchRequest_v11.decode(BytesIO(request.encode()))
        wanted = {
            TopicPartition(topic, partition): offset
            for topic, partitions in asked.topics
            for partition, _, offset, _, _ in partitions
        }
        gone = {TopicPartition(topic, n) for topic, numbers in asked.forgotten_topics_data for n in numbers}
        self.fetched.append((node, (asked.session_id, asked.session_epoch), wanted, gone))
        if self.fetch_codes:
            return FetchReply(self.fetch_codes.pop(0), 0, [])
        code = self._remember(node, asked, wanted, gone)
        if code:
            return FetchReply(code, 0, [])
        places = self._session[node] if self.sessions else wanted
        parts = [part for place, offset in places.items() if (part := self._part(node, place, offset))]
        if not parts:
            await asyncio.sleep(asked.max_wait_time / 1000)
            parts = [part for place, offset in places.items() if (part := self._part(node, place, offset))]
        if self.before_answer is not None:
            self.before_answer(node)
        return FetchReply(0, node + 100 if self.sessions else 0, parts)

    def _remember(
        self, node: int, asked: Any, wanted: dict[TopicPartition, int], gone: set[TopicPartition]
    ) -> int:
        """The broker's side of a session (KIP-227), as strict as the real one."""
        if asked.session_epoch == 0:
            assert not gone, "a session that begins has nothing to forget"
            self._session[node], self._epochs[node] = dict(wanted), 1
            return 0
        if asked.session_id != node + 100 or node not in self._session:
            return int(errors.FetchSessionIdNotFound.errno)
        if asked.session_epoch != self._epochs[node]:
            return int(errors.InvalidFetchSessionEpoch.errno)
        self._epochs[node] += 1
        for place in gone:
            del self._session[node][place]
        self._session[node].update(wanted)
        return 0

    def forget_sessions(self) -> None:
        """As after a restart."""
        self._session.clear()

    def _part(self, node: int, place: TopicPartition, offset: int) -> Fetched | None:
        log = self.logs.get(place)
        if self.codes.get(place):
            return Fetched(place, self.codes[place].pop(0), -1, -1, [], b"")
        if log is None or self.leaders.get(place) != node:
            return Fetched(place, errors.NotLeaderForPartitionError.errno, -1, -1, [], b"")
        if not log.begin <= offset <= log.end:
            return Fetched(place, errors.OffsetOutOfRangeError.errno, -1, -1, [], b"")
        data = log.read(offset)
        return Fetched(place, 0, log.end, log.begin, [], data) if data else None
