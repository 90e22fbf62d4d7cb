"""A journal partition on Kafka and its fenced appender. The only file whose appends decide (`journals` begins them).

A transactional id hands out the next epoch (InitProducerId); after that everything is plain idempotent batches under
that producer id and epoch, without transactions. The broker refuses older epochs from the first append on.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition, errors

from app.turns.ports import Fence, JournalMissing, Mail, Pair, Refused, Unanswered
from app.turns.watermark import SOURCE

IDENTITY_KEY = b"\x00identity"
BATCH_BYTES = 2 << 20
REQUEST_BYTES = 4 << 20
RELAY_BYTES = 900_000
RECORD_OVERHEAD = 40
ANSWER_S = 30.0
_REFUSALS = (
    errors.ProducerFenced,
    errors.OutOfOrderSequenceNumber,
    errors.InvalidProducerEpoch,
    errors.UnknownProducerId,
    errors.TransactionalIdAuthorizationFailed,
)


class KafkaLog:
    """The ports' Log on aiokafka.

    `ends` asks a shared consumer for the end offset of (topic, partition). `relays` gives the worker's producer for
    mail: it needs no fence, since receivers drop what they have seen, and shared by all partitions it sends what many
    of them relay in one request. None: the appender's own.
    """

    def __init__(
        self,
        bootstrap: str,
        transactional_id: str,
        journal: str,
        partition: int,
        ends: Callable[[str, int], Any],
        relays: Callable[[], AIOKafkaProducer] | None = None,
    ) -> None:
        self._bootstrap = bootstrap
        self._transactional_id = transactional_id
        self._home = TopicPartition(journal, partition)
        self._ends = ends
        self._relays = relays
        self._producer: AIOKafkaProducer | None = None

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
        """Start a producer under the next epoch of this partition's transactional id."""
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            acks="all",
            linger_ms=0,
            max_batch_size=BATCH_BYTES,
            max_request_size=REQUEST_BYTES,
            request_timeout_ms=int(ANSWER_S * 1000),
            transactional_id=self._transactional_id,
        )
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._producer.start()
                manager = self._producer._txn_manager
                while not manager.has_pid():  # noqa: ASYNC110 - the client offers no event for it
                    await asyncio.sleep(0.005)
        except (TimeoutError, errors.KafkaError) as error:
            raise Unanswered(f"no producer id for {self._transactional_id}: {error!r}") from error
        manager.transactional_id = None
        return Fence(manager.producer_id, manager.producer_epoch)

    def fits(self, pairs: Sequence[Pair]) -> bool:
        """Is the sum of keys, values and record overhead below one batch?"""
        total = sum(len(key) + len(value or b"") + RECORD_OVERHEAD for key, value in pairs)
        return total < BATCH_BYTES - 4096

    async def append(self, pairs: Sequence[Pair], time_ms: int) -> int:
        """One batch to the journal; the offset of its first record."""
        batch = self._open_producer().create_batch()
        for key, value in pairs:
            if batch.append(key=key, value=value, timestamp=time_ms) is None:
                raise ValueError("a turn larger than one batch was to be appended")
        return await self._send(self._open_producer(), batch, self._home)

    async def relay(self, mail: Iterable[tuple[Mail, bytes]], time_ms: int) -> None:
        """Messages grouped by where they go, in as many batches as their size asks for."""
        producer = self._open_producer() if self._relays is None else self._relays()
        groups: dict[TopicPartition, list[tuple[Mail, bytes]]] = {}
        for message, source in mail:
            partition = self._home.partition if message.partition is None else message.partition
            groups.setdefault(TopicPartition(message.topic, partition), []).append((message, source))
        sends = []
        for place, messages in groups.items():
            sends += [self._send(producer, batch, place) for batch in _batches(producer, messages, time_ms)]
        await asyncio.gather(*sends)

    async def _send(self, producer: AIOKafkaProducer, batch: Any, place: TopicPartition) -> int:
        try:
            async with asyncio.timeout(ANSWER_S):
                sent = await producer.send_batch(batch, place.topic, partition=place.partition)
                metadata = await sent
        except _REFUSALS as error:
            raise Refused(f"{place.topic}/{place.partition}: {error!r}") from error
        except (TimeoutError, errors.KafkaError) as error:
            raise Unanswered(f"{place.topic}/{place.partition}: {error!r}") from error
        return int(metadata.offset)

    def _open_producer(self) -> AIOKafkaProducer:
        if self._producer is None:
            raise Unanswered("the appender is closed")
        return self._producer

    def read(self, start: int, stop: int) -> AsyncIterator[Sequence[tuple[int, bytes, bytes | None]]]:
        """The journal's records from `start` up to, not including, `stop`."""
        return self._read(start, stop, REQUEST_BYTES)

    async def _read(
        self, start: int, stop: int, fetch_bytes: int
    ) -> AsyncGenerator[Sequence[tuple[int, bytes, bytes | None]], None]:
        reader = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=None,
            enable_auto_commit=False,
            max_partition_fetch_bytes=fetch_bytes,
            fetch_max_wait_ms=100,
        )
        try:
            await reader.start()
            first = (await reader.beginning_offsets([self._home]))[self._home]
            end = (await reader.end_offsets([self._home]))[self._home]
            stop = min(stop, end)
            position = max(start, first)
            reader.assign([self._home])
            reader.seek(self._home, position)  # at once: what is fetched from anywhere else is in the way
            while position < stop:
                fetched = (await reader.getmany(self._home, timeout_ms=1000)).get(self._home, ())
                position = await reader.position(self._home)
                chunk = [(r.offset, r.key, r.value) for r in fetched if r.offset < stop]
                if chunk:
                    yield chunk
        except errors.KafkaError as error:
            raise Unanswered(f"reading {self._home.topic}/{self._home.partition}: {error!r}") from error
        finally:
            with contextlib.suppress(errors.KafkaError):
                await reader.stop()

    async def end_of(self, topic: str) -> int:
        """The end offset of this partition of `topic`, asked for now."""
        try:
            return int(await self._ends(topic, self._home.partition))
        except errors.KafkaError as error:
            raise Unanswered(f"the end of {topic}/{self._home.partition}: {error!r}") from error

    async def close(self) -> None:
        """Stop the producer within a time limit; what it has not sent is dropped."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(TimeoutError, errors.KafkaError, asyncio.CancelledError):
                async with asyncio.timeout(5):
                    await producer.stop()


def _batches(
    producer: AIOKafkaProducer, messages: Sequence[tuple[Mail, bytes]], time_ms: int
) -> Iterable[Any]:
    batch, size = producer.create_batch(), 0
    for message, source in messages:
        length = len(message.key or b"") + len(message.value or b"") + RECORD_OVERHEAD + len(source)
        if size and size + length > RELAY_BYTES:
            yield batch
            batch, size = producer.create_batch(), 0
        batch.append(key=message.key, value=message.value, timestamp=time_ms, headers=[(SOURCE, source)])
        size += length
    yield batch
