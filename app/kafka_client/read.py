"""Read a stretch of one topic partition as fast as its broker gives it: restoring is reading."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from aiokafka import TopicPartition, errors
from aiokafka.client import AIOKafkaClient, ConnectionGroup

from app.kafka_client.bounds import bounds
from app.kafka_client.protocol import Fetched, FetchReply, FetchRequest
from app.kafka_client.received import Received, received

WAIT_MS = 100
RETRY_S = 0.05
RETRY_LAST_S = 1.0
PATIENCE_S = 30.0
NO_SESSION = (0, -1)


async def read(
    client: AIOKafkaClient, place: TopicPartition, start: int, stop: int, fetch_bytes: int
) -> AsyncGenerator[list[Received], None]:
    """Records with start <= offset < stop, in order, in chunks.

    Begins where the log does, if that is later, and ends where it ends, if that is before `stop`. Raises KafkaError;
    for a broker that is away, after 30 s.
    """
    offset = start
    while offset < stop:
        part = await _fetch(client, place, offset, fetch_bytes)
        if part.code:
            offset = await _begin(client, place, offset)
            continue
        records: list[Received] = []
        if part.records:
            records, offset = received(place, part.records, offset, part.aborted)
        if records and records[-1].offset >= stop:
            records = [record for record in records if record.offset < stop]
        if records:
            yield records
        elif offset >= part.end:
            return


async def _begin(client: AIOKafkaClient, place: TopicPartition, offset: int) -> int:
    """Where the log begins after an offset that it does not hold any more. Raises OffsetOutOfRangeError otherwise."""
    begin, end = await bounds(client, _leader(client, place), place)
    if offset >= begin:
        raise errors.OffsetOutOfRangeError(f"{place.topic}/{place.partition}: {offset} of {begin} to {end}")
    return begin


def _leader(client: AIOKafkaClient, place: TopicPartition) -> int:
    node: int | None = client.cluster.leader_for_partition(place)
    if node is None or node == -1:
        raise errors.LeaderNotAvailableError(f"{place.topic}/{place.partition}")
    return node


async def _fetch(client: AIOKafkaClient, place: TopicPartition, offset: int, fetch_bytes: int) -> Fetched:
    """One answer of whoever leads the partition: its records, or that the offset is out of range."""
    loop = asyncio.get_running_loop()
    by_s, retry_s = loop.time() + PATIENCE_S, RETRY_S
    request: Any = FetchRequest(NO_SESSION, [(place, offset)], (), WAIT_MS, (fetch_bytes, fetch_bytes))
    client.add_topic(place.topic)
    while True:
        try:
            # A connection of its own: appends wait behind nothing that is read.
            reply: FetchReply = await client.send(
                _leader(client, place), request, group=ConnectionGroup.COORDINATION
            )
            return _only_part(reply)
        except (errors.KafkaError, KeyError) as error:
            if loop.time() >= by_s or (isinstance(error, errors.KafkaError) and not error.retriable):
                raise
        await asyncio.sleep(retry_s)
        retry_s = min(2 * retry_s, RETRY_LAST_S)
        await client.force_metadata_update()


def _only_part(reply: FetchReply) -> Fetched:
    if reply.code:
        raise errors.for_code(reply.code)()
    (part,) = reply.parts
    if part.code and part.code != errors.OffsetOutOfRangeError.errno:
        raise errors.for_code(part.code)(f"{part.place.topic}/{part.place.partition}")
    return part
