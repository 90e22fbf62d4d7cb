"""Events onto a topic as fast as they go, each in the partition of its user: murmur2, as most producers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaProducer

from app.partitioning import partition_of
from benchmarks.clickstream import Sent
from benchmarks.ground import PARTITIONS

BATCH_BYTES = 512 << 10
BATCH_RECORDS = 1000


async def produce(bootstrap: str, topic: str, events: Iterable[Sent]) -> int:
    """Produce them all, keyed by user; returns how many there were."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", max_batch_size=BATCH_BYTES)
    await producer.start()
    try:
        return await _produce(producer, topic, events)
    finally:
        await producer.stop()


async def _produce(producer: Any, topic: str, events: Iterable[Sent]) -> int:
    waiting: list[list[tuple[bytes, bytes]]] = [[] for _ in range(PARTITIONS)]
    places: dict[str, int] = {}
    count = 0
    for user, value in events:
        key = user.encode()
        if user not in places:
            places[user] = partition_of(key, PARTITIONS, "murmur2")
        place = places[user]
        waiting[place].append((key, value))
        count += 1
        if len(waiting[place]) == BATCH_RECORDS:
            await _send(producer, topic, place, waiting[place])
            waiting[place] = []
    await asyncio.gather(*(_send(producer, topic, place, left) for place, left in enumerate(waiting) if left))
    return count


async def _send(producer: Any, topic: str, place: int, records: list[tuple[bytes, bytes]]) -> None:
    batch = producer.create_batch()
    for key, value in records:
        if batch.append(key=key, value=value, timestamp=None) is None:
            await (await producer.send_batch(batch, topic, partition=place))
            batch = producer.create_batch()
            batch.append(key=key, value=value, timestamp=None)
    await (await producer.send_batch(batch, topic, partition=place))
