"""A journal partition on Kafka and its fenced appender. The only file whose appends decide (`journals` begins them).

A transactional id hands out the next epoch (InitProducerId); after that everything is plain idempotent batches under
that producer id and epoch, without transactions. The broker refuses older epochs from the first append on.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from aiokafka import TopicPartition, errors
from aiokafka.client import CoordinationType
from aiokafka.protocol.transaction import InitProducerIdRequest

from app.kafka_client.batch import BATCH_BYTES, Batch, Identity
from app.kafka_client.produce import ANSWER_S, Channel
from app.kafka_client.read import read
from app.turns.ports import Fence, JournalMissing, Pair, Refused, Unanswered
from app.turns.relays import RECORD_OVERHEAD, Letter, Relays

T = TypeVar("T")
IDENTITY_KEY = b"\x00identity"
FETCH_BYTES = 4 << 20
RETRY_S = 0.05
FENCE_TRANSACTION_MS = 60_000
_REFUSALS = (
    errors.ProducerFenced,
    errors.OutOfOrderSequenceNumber,
    errors.InvalidProducerEpoch,
    errors.UnknownProducerId,
    errors.TransactionalIdAuthorizationFailed,
)


class Lines(NamedTuple):
    """How a log reaches Kafka, shared by all logs of a worker.

    `channel`: for appends. `relays`: for mail. `ends`: asks for the end offset of (topic, partition).
    """

    bootstrap: str
    channel: Callable[[], Channel]
    relays: Relays
    ends: Callable[[str, int], Any]


class KafkaLog:
    """The ports' Log on Kafka."""

    def __init__(self, lines: Lines, transactional_id: str, journal: str, partition: int) -> None:
        self._lines = lines
        self._transactional_id = transactional_id
        self._home = TopicPartition(journal, partition)
        self._identity: Identity | None = None
        self._sequence = 0

    async def identity(self) -> bytes:
        """The value of the journal's first record. Raises JournalMissing, Unanswered."""
        async with contextlib.aclosing(self._read(0, 1 << 62, 4096)) as chunks:
            async for chunk in chunks:
                _, key, value = chunk[0]
                if key == IDENTITY_KEY and value is not None:
                    return value
                break
        raise JournalMissing(
            f"the journal {self._home.topic}/{self._home.partition} has no identity: it was not made by `setup`, "
            "or was lost. Its state cannot be known. Say where to go on with "
            "`python -m app setup --restart-from latest` (or a time)."
        )

    async def fence(self) -> Fence:
        """Take the next epoch of this partition's transactional id, and write under it from now on."""
        try:
            async with asyncio.timeout(ANSWER_S):
                answer = await self._init_producer_id()
        except (TimeoutError, errors.KafkaError) as error:
            raise Unanswered(f"no producer id for {self._transactional_id}: {error!r}") from error
        self._identity, self._sequence = Identity(answer.producer_id, answer.producer_epoch), 0
        return Fence(answer.producer_id, answer.producer_epoch)

    async def _init_producer_id(self) -> Any:
        """InitProducerId, asked again while its coordinator is away or busy. Raises KafkaError."""
        client: Any = self._lines.channel().client
        request = InitProducerIdRequest(self._transactional_id, FENCE_TRANSACTION_MS)
        while True:
            try:
                node = await client.coordinator_lookup(CoordinationType.TRANSACTION, self._transactional_id)
                answer = await client.send(node, request)
                error = errors.for_code(answer.error_code)
                if error is errors.NoError:
                    return answer
                if not error.retriable and error is not errors.ConcurrentTransactions:
                    raise error(self._transactional_id)
            except errors.KafkaError as failure:
                if not failure.retriable:
                    raise
                await client.force_metadata_update()
            await asyncio.sleep(RETRY_S)

    def fits(self, pairs: Sequence[Pair]) -> bool:
        """Is the sum of keys, values and record overhead below one batch?"""
        total = sum(len(key) + len(value or b"") + RECORD_OVERHEAD for key, value in pairs)
        return total < BATCH_BYTES - 4096

    async def append(self, pairs: Sequence[Pair], time_ms: int) -> int:
        """One batch to the journal; the offset of its first record."""
        if self._identity is None:
            raise Unanswered("the appender is closed")
        batch = Batch(self._identity, self._sequence)
        for key, value in pairs:
            batch.append(key, value, time_ms)
        offset = await self._answered(self._lines.channel().send(self._home, batch.build()), self._home)
        self._sequence = batch.next_sequence
        return offset

    async def relay(self, mail: Iterable[Letter], time_ms: int) -> None:
        """Messages grouped by where they go."""
        groups: dict[tuple[str, int], list[Letter]] = {}
        home = self._home.partition
        for letter in mail:
            topic, _, _, partition = letter[0]
            groups.setdefault((topic, home if partition is None else partition), []).append(letter)
        await asyncio.gather(
            *(self._relay(TopicPartition(*place), letters, time_ms) for place, letters in groups.items())
        )

    async def _relay(self, place: TopicPartition, letters: list[Letter], time_ms: int) -> None:
        await self._answered(self._lines.relays.send(place, letters, time_ms), place)

    async def _answered(self, sent: Awaitable[T], place: TopicPartition) -> T:
        try:
            async with asyncio.timeout(ANSWER_S):
                return await sent
        except _REFUSALS as error:
            raise Refused(f"{place.topic}/{place.partition}: {error!r}") from error
        except (TimeoutError, errors.KafkaError) as error:
            raise Unanswered(f"{place.topic}/{place.partition}: {error!r}") from error

    def read(self, start: int, stop: int) -> AsyncIterator[Sequence[tuple[int, bytes, bytes | None]]]:
        """The journal's records from `start` up to, not including, `stop`."""
        return self._read(start, stop, FETCH_BYTES)

    async def _read(
        self, start: int, stop: int, fetch_bytes: int
    ) -> AsyncGenerator[Sequence[tuple[int, bytes, bytes | None]], None]:
        try:
            stretch = read(self._lines.channel().client, self._home, start, stop, fetch_bytes)
            async with contextlib.aclosing(stretch):
                async for records in stretch:
                    yield [(r.offset, r.key or b"", r.value) for r in records]
        except errors.KafkaError as error:
            raise Unanswered(f"reading {self._home.topic}/{self._home.partition}: {error!r}") from error

    async def end_of(self, topic: str) -> int:
        """The end offset of this partition of `topic`, asked for now."""
        try:
            return int(await self._lines.ends(topic, self._home.partition))
        except errors.KafkaError as error:
            raise Unanswered(f"the end of {topic}/{self._home.partition}: {error!r}") from error

    async def close(self) -> None:
        """Write nothing any more."""
        self._identity = None
