"""The fence itself, on a real broker and by aiokafka alone: what every promise of the turns rests on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import InvalidProducerEpoch, KafkaError, ProducerFenced

LIMIT_S = 30.0


@pytest.fixture
async def topic(broker: str) -> AsyncIterator[str]:
    """A topic of one partition, for one test."""
    name = f"fence-{uuid4().hex[:12]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 1, 1)])
        yield name
        await admin.delete_topics([name])
    finally:
        await admin.close()


@asynccontextmanager
async def an_owner(broker: str, name: str) -> AsyncIterator[AIOKafkaProducer]:
    """A producer that took the next epoch of this name, and sends plain batches under it."""
    producer = AIOKafkaProducer(
        bootstrap_servers=broker, acks="all", linger_ms=0, transactional_id=name, request_timeout_ms=10_000
    )
    async with asyncio.timeout(LIMIT_S):
        await producer.start()
        await producer._txn_manager.wait_for_pid()
    producer._txn_manager.transactional_id = None
    try:
        yield producer
    finally:
        with suppress(KafkaError, TimeoutError, asyncio.CancelledError):
            async with asyncio.timeout(5):
                await producer.stop()


def fence_of(producer: AIOKafkaProducer) -> tuple[int, int]:
    manager = producer._txn_manager
    return manager.producer_id, manager.producer_epoch


async def append(producer: AIOKafkaProducer, topic: str, *values: bytes) -> Any:
    """One batch; the offset that the producer reports."""
    batch = producer.create_batch()
    for value in values:
        assert batch.append(key=b"k", value=value, timestamp=1) is not None
    async with asyncio.timeout(LIMIT_S):
        metadata = await (await producer.send_batch(batch, topic, partition=0))
    assert metadata.topic_partition == TopicPartition(topic, 0)
    return metadata.offset


async def test_the_offset_is_that_of_the_first_record_of_the_batch(broker: str, topic: str) -> None:
    async with an_owner(broker, f"{topic}.a") as owner:
        assert await append(owner, topic, b"0", b"1", b"2") == 0
        assert await append(owner, topic, b"3", b"4") == 3
        assert await append(owner, topic, b"5") == 5


async def test_who_comes_second_keeps_the_producer_id_and_raises_the_epoch(broker: str, topic: str) -> None:
    async with an_owner(broker, f"{topic}.a") as first, an_owner(broker, f"{topic}.a") as second:
        (first_id, first_epoch), (second_id, second_epoch) = fence_of(first), fence_of(second)
    assert second_id == first_id
    assert second_epoch == first_epoch + 1


async def test_two_names_are_two_producers(broker: str, topic: str) -> None:
    async with an_owner(broker, f"{topic}.a") as first, an_owner(broker, f"{topic}.b") as second:
        assert fence_of(first)[0] != fence_of(second)[0]
        await append(second, topic, b"b")
        await append(first, topic, b"a")


async def test_an_older_epoch_may_append_until_the_newer_ones_first_batch_and_never_again(
    broker: str, topic: str
) -> None:
    """Why `opened` is appended before anything is read: only from then on does the journal stand still."""
    async with an_owner(broker, f"{topic}.a") as old, an_owner(broker, f"{topic}.a") as new:
        assert await append(old, topic, b"before anybody") == 0
        assert fence_of(new)[1] > fence_of(old)[1]
        assert await append(old, topic, b"newer epoch known, not yet used") == 1
        assert await append(new, topic, b"opened") == 2
        with pytest.raises((InvalidProducerEpoch, ProducerFenced)):
            await append(old, topic, b"too late")
        assert await append(new, topic, b"goes on") == 3


async def test_the_fence_holds_in_each_partition_by_itself(broker: str, topic: str) -> None:
    """A relay to another topic does not fence the journal: each partition learns of an epoch from its first batch."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    other = f"{topic}-other"
    try:
        await admin.create_topics([NewTopic(other, 1, 1)])
        async with an_owner(broker, f"{topic}.a") as old, an_owner(broker, f"{topic}.a") as new:
            await append(old, topic, b"0")
            await append(new, other, b"0")
            assert await append(old, topic, b"1") == 1
        await admin.delete_topics([other])
    finally:
        await admin.close()
