"""Single records fetched from Kafka on demand: state knows where they stand, and a topic has them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from app.web.answers import not_now
from app.web.consumer import SharedConsumer

ANSWER_S = 5.0
POLL_MS = 500
FETCH_BYTES = 256 * 1024


class Fetching:
    """Reads records of one topic by their offsets with one group-less consumer, one request after the other."""

    def __init__(self, bootstrap: str, topic: str, what: str) -> None:
        self._topic = topic
        self._what = what
        self._consumer = SharedConsumer(
            bootstrap,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=POLL_MS,
            max_partition_fetch_bytes=FETCH_BYTES,
        )
        self._one_at_a_time = asyncio.Lock()

    async def at(self, partition: int, offsets: Sequence[int]) -> list[Any]:
        """The records at these offsets, ascending; those no longer kept are left out. Raises Problem."""
        if not offsets:
            return []
        place = TopicPartition(self._topic, partition)
        async with self._one_at_a_time:
            try:
                async with asyncio.timeout(ANSWER_S):
                    return await self._fetch(await self._consumer.started(), place, sorted(set(offsets)))
            except (KafkaError, TimeoutError) as error:
                await self.stop()
                raise not_now(f"Kafka did not give the {self._what}: {error!r}") from error

    async def _fetch(
        self, consumer: AIOKafkaConsumer, place: TopicPartition, offsets: list[int]
    ) -> list[Any]:
        """The records at ascending offsets. A poll answers for every wanted offset that it reaches."""
        first = (await consumer.beginning_offsets([place]))[place]
        end = (await consumer.end_offsets([place]))[place]
        wanted = [offset for offset in offsets if first <= offset < end]
        found: dict[int, Any] = {}
        consumer.assign([place])
        while wanted:
            consumer.seek(place, wanted[0])
            records: list[Any] = (await consumer.getmany(place, timeout_ms=POLL_MS)).get(place, [])
            found.update((record.offset, record) for record in records if record.offset in wanted)
            if records:
                wanted = [offset for offset in wanted if offset > records[-1].offset]
        consumer.unsubscribe()
        return list(found.values())

    async def stop(self) -> None:
        """Let go of the connection."""
        await self._consumer.stop()
