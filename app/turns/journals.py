"""Begin a journal: its identity, and from where its inputs are read. Done by `setup`, once for each journal."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from app.turns.deciding import WATERMARK_KEY
from app.turns.misplaced import misplaced
from app.turns.opening import IDENTITY_KEY
from app.turns.watermark import Watermark, decode_watermark, encode

TURNS_PER_MS = 1000
NEAR_THE_END = 20_000


async def begin_journal(
    producer: AIOKafkaProducer, journal: str, partition: int, inputs: Mapping[str, int], now_ms: int
) -> None:
    """Write the identity and the first watermark. `inputs`: the last offset of each topic that counts as decided.

    Turn numbers start from the time, so that mail of a journal begun anew is never taken for a repeat.
    """
    identity = secrets.token_bytes(16)
    watermark = Watermark(identity, now_ms * TURNS_PER_MS, 0, dict(inputs), {}, now_ms)
    batch = producer.create_batch()
    for key, value in ((IDENTITY_KEY, identity), (WATERMARK_KEY, encode(watermark))):
        batch.append(key=key, value=value, timestamp=now_ms)
    await (await producer.send_batch(batch, journal, partition=partition))


async def move_inputs(
    producer: AIOKafkaProducer, journal: str, partition: int, watermark: Watermark, now_ms: int
) -> None:
    """Let a journal go on with this watermark: its state stays. No worker may be at it."""
    batch = producer.create_batch()
    anywhere = watermark.copy()
    batch.append(key=WATERMARK_KEY, value=encode(anywhere), timestamp=now_ms)
    await (await producer.send_batch(batch, journal, partition=partition))


async def last_watermark(consumer: AIOKafkaConsumer, journal: str, partition: int) -> Watermark | None:
    """How far a journal has come; reads its end first, and all of it only where that has no watermark."""
    place = TopicPartition(journal, partition)
    end = (await consumer.end_offsets([place]))[place]
    for start in (max(0, end - NEAR_THE_END), 0):
        found = None
        consumer.assign([place])
        consumer.seek(place, start)
        while await consumer.position(place) < end:
            for record in (await consumer.getmany(place, timeout_ms=500)).get(place, ()):
                if record.key == WATERMARK_KEY and not misplaced(record.offset, record.value):
                    found = record.value
        if found is not None:
            return decode_watermark(found)
    return None


async def has_identity(consumer: AIOKafkaConsumer, journal: str, partition: int) -> bool:
    """Was this journal begun? Reads its first record."""
    place = TopicPartition(journal, partition)
    if (await consumer.end_offsets([place]))[place] == 0:
        return False
    consumer.assign([place])
    consumer.seek(place, 0)
    while True:
        for record in (await consumer.getmany(place, timeout_ms=1000, max_records=1)).get(place, ()):
            return bool(record.key == IDENTITY_KEY)
