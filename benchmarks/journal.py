"""Journals of the users actor for a benchmark: filled beforehand, and read afterwards for who had them when."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from app.clock import now_ms
from app.domain.model.user import Activity, CountedPush
from app.turns.deciding import WATERMARK_KEY
from app.turns.opening import OPENED_KEY
from app.turns.watermark import decode_opened, decode_watermark
from benchmarks.ground import PARTITIONS, Ground
from tables.users import ACTIVITY

RECORDS_A_USER = 10
BATCH_RECORDS = 2000
BATCH_BYTES = 1 << 20


class Handover(NamedTuple):
    """A partition that changed hands: when it was opened anew, and for how long no turn was taken."""

    partition: int
    worker: str
    opened_ms: int
    away_ms: int


async def fill(ground: Ground, records: int) -> None:
    """So many records of users' state into each journal, as turns would have written them."""
    producer = AIOKafkaProducer(
        bootstrap_servers=ground.bootstrap, acks="all", max_batch_size=BATCH_BYTES, max_request_size=4 << 20
    )
    await producer.start()
    try:
        journal = f"{ground.name}.users.journal"
        await asyncio.gather(*(_fill(producer, journal, number, records) for number in range(PARTITIONS)))
    finally:
        await producer.stop()


async def _fill(producer: Any, journal: str, number: int, records: int) -> None:
    users, at_ms = max(1, records // RECORDS_A_USER), now_ms()
    batch = producer.create_batch()
    for count in range(records):
        key = ACTIVITY.prefix + b"earlier-%d-%d" % (number, count % users)
        value = ACTIVITY.encode(
            Activity(pushes=[CountedPush(at_ms + n, f"message-{count}-{n}") for n in range(4)])
        )
        if batch.append(key=key, value=value, timestamp=at_ms) is None:
            await (await producer.send_batch(batch, journal, partition=number))
            batch = producer.create_batch()
            batch.append(key=key, value=value, timestamp=at_ms)
    await (await producer.send_batch(batch, journal, partition=number))


async def handovers(ground: Ground, since_ms: int) -> list[Handover]:
    """Every opening since then between two turns, by the times that the journals hold."""
    return [
        each for number in range(PARTITIONS) for each in _of(number, await _read(ground, number, since_ms))
    ]


def _of(number: int, records: list[Any]) -> Iterator[Handover]:
    last_ms, opened = None, None
    for record in records:
        if record.key == OPENED_KEY:
            opened = opened or decode_opened(record.value)
        elif record.key == WATERMARK_KEY:
            if opened is not None and last_ms is not None:
                yield Handover(number, opened.worker, opened.time_ms, record.timestamp - last_ms)
            last_ms, opened = record.timestamp, None


async def _read(ground: Ground, number: int, since_ms: int) -> list[Any]:
    place = TopicPartition(f"{ground.name}.users.journal", number)
    consumer = AIOKafkaConsumer(bootstrap_servers=ground.bootstrap, group_id=None)
    await consumer.start()
    try:
        consumer.assign([place])
        found = (await consumer.offsets_for_times({place: since_ms}))[place]
        end, records = (await consumer.end_offsets([place]))[place], []
        consumer.seek(place, end if found is None else found.offset)
        while await consumer.position(place) < end:
            for batch in (await consumer.getmany(place, timeout_ms=500)).values():
                records += [record for record in batch if record.key in (OPENED_KEY, WATERMARK_KEY)]
        return records
    finally:
        await consumer.stop()


async def undecided(ground: Ground) -> int:
    """Events that stand on their topic and that no turn in a journal has taken."""
    ends, left = await ground.ends(ground.events), 0
    for number, end in enumerate(ends):
        marks = [each for each in await _read(ground, number, 0) if each.key == WATERMARK_KEY]
        left += end - 1 - decode_watermark(marks[-1].value).inputs.get(ground.events, -1)
    return left
