"""`campaign backfill`: reads the retained events up to where live counting began, and mails users what they had done.

Each partition is read by itself, a few at a time. A user takes the mail of one kind once: beginning again is safe.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from app import wire
from app.domain.model.event import Event
from app.domain.model.mail import PastCounted
from app.domain.rules.counting import Counted
from app.domain.rules.past import Past
from app.topics import Topics

AT_ONCE = 4
POLL_MS = 500
Moved = Callable[[int], None]


class Filled(NamedTuple):
    """What a backfill did; `earliest_ms`: the time of the oldest record that was still there."""

    records: int
    events: int
    users: int
    earliest_ms: int | None


class Backfill:
    """One reading of the log. `mailed`: the offset after the last mail that was sent, in each partition."""

    def __init__(self, bootstrap: str, topics: Topics, counted: Counted) -> None:
        self._bootstrap = bootstrap
        self._topics = topics
        self._counted = counted
        self.mailed: dict[TopicPartition, int] = {}
        self._until_ms = max((kind.since_ms for kind in counted.by_key.values()), default=0)

    async def run(self, partitions: int, begun: Callable[[int], Moved]) -> Filled:
        """Read everything. `begun` is told how many records there are, and gives whom to tell of those read."""
        spans = await self._spans(partitions)
        moved = begun(sum(end - start for start, end in spans.values()))
        producer = AIOKafkaProducer(bootstrap_servers=self._bootstrap, acks="all", linger_ms=20)
        await producer.start()
        try:
            gate = asyncio.Semaphore(AT_ONCE)
            done = await asyncio.gather(
                *(self._partition(place, span, producer, gate, moved) for place, span in spans.items())
            )
        finally:
            await producer.stop()
        earliest = [each.earliest_ms for each in done if each.earliest_ms is not None]
        return Filled(
            sum(each.records for each in done),
            sum(each.events for each in done),
            sum(each.users for each in done),
            min(earliest, default=None),
        )

    async def _spans(self, partitions: int) -> dict[TopicPartition, tuple[int, int]]:
        places = [TopicPartition(self._topics.events, number) for number in range(partitions)]
        async with _Reader(self._bootstrap) as client:
            starts, ends = await client.beginning_offsets(places), await client.end_offsets(places)
        return {place: (starts[place], ends[place]) for place in places}

    async def _partition(
        self,
        place: TopicPartition,
        span: tuple[int, int],
        producer: AIOKafkaProducer,
        gate: asyncio.Semaphore,
        moved: Moved,
    ) -> Filled:
        async with gate, _Reader(self._bootstrap) as client:
            past, records, earliest_ms = await self._read(client, place, span, moved)
        users = await self._mail(producer, place.partition, past)
        return Filled(records, past.events, users, earliest_ms)

    async def _read(
        self, client: Any, place: TopicPartition, span: tuple[int, int], moved: Moved
    ) -> tuple[Past, int, int | None]:
        past, reader, records = Past(self._counted), wire.EventReader(), 0
        start, end = span
        earliest_ms: int | None = None
        client.assign([place])
        client.seek(place, start)
        while (position := await client.position(place)) < end:
            for record in (await client.getmany(place, timeout_ms=POLL_MS)).get(place, ()):
                earliest_ms = record.timestamp if earliest_ms is None else earliest_ms
                if record.offset < end and record.timestamp < self._until_ms:
                    self._take(past, reader, record)
                    records += 1
            moved(min(await client.position(place), end) - position)
        return past, records, earliest_ms

    def _take(self, past: Past, reader: wire.EventReader, record: Any) -> None:
        """Judged as when it came: what was a dead letter then counts for nothing now."""
        read = reader.read(record, record.timestamp)
        if isinstance(read, Event):
            past.take(read)

    async def _mail(self, producer: AIOKafkaProducer, partition: int, past: Past) -> int:
        answers: list[Any] = []
        for user, counters in past.found():
            value = wire.encode_pack(PastCounted(user, counters))
            key = user.encode("utf-8", "surrogatepass")
            answers.append(await producer.send(self._topics.users_mail, value, key=key, partition=partition))
        for answer in answers:
            sent = await answer
            place = TopicPartition(self._topics.users_mail, partition)
            self.mailed[place] = max(self.mailed.get(place, 0), sent.offset + 1)
        return len(answers)


async def oldest_ms(bootstrap: str, topic: str, partitions: int) -> int | None:
    """When the oldest record that the topic still has was written; None where it has none."""
    places = [TopicPartition(topic, number) for number in range(partitions)]
    async with _Reader(bootstrap) as client:
        starts, ends = await client.beginning_offsets(places), await client.end_offsets(places)
        waiting = {place for place in places if starts[place] < ends[place]}
        oldest: int | None = None
        while waiting:
            client.assign(list(waiting))
            for place in waiting:
                client.seek(place, starts[place])
            for place, records in (await client.getmany(timeout_ms=POLL_MS)).items():
                waiting.discard(place)
                oldest = min(records[0].timestamp, oldest or records[0].timestamp)
    return oldest


class _Reader:
    """A consumer of nobody's group."""

    def __init__(self, bootstrap: str) -> None:
        self._client = AIOKafkaConsumer(
            bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False, auto_offset_reset="earliest"
        )

    async def __aenter__(self) -> Any:
        await self._client.start()
        return self._client

    async def __aexit__(self, *_error: object) -> None:
        await self._client.stop()
