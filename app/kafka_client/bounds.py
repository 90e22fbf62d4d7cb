"""From where to where the log of a topic partition reaches, asked for now."""

from __future__ import annotations

from typing import Any

from aiokafka import TopicPartition, errors
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.offset import OffsetRequest

_EARLIEST = -2
_LATEST = -1
_ALL_RECORDS = 0


async def bounds(client: AIOKafkaClient, node: int, place: TopicPartition) -> tuple[int, int]:
    """(where it begins, where it ends) by its leader. Raises KafkaError."""
    return await _offset(client, node, place, _EARLIEST), await _offset(client, node, place, _LATEST)


async def _offset(client: AIOKafkaClient, node: int, place: TopicPartition, time: int) -> int:
    request = OffsetRequest(-1, _ALL_RECORDS, [(place.topic, [(place.partition, time)])])
    answer: Any = await client.send(node, request)
    ((_, ((_, code, _, offset, *_),)),) = answer.topics
    if code:
        raise errors.for_code(code)(f"{place.topic}/{place.partition}")
    return int(offset)
