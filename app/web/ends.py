"""Where topics end, asked for now: with it the lag of a partition is known and not remembered.

The end is that of what was committed: nothing beyond it can be decided yet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from app.web.answers import not_now
from app.web.consumer import SharedConsumer

ANSWER_S = 5.0


class Ends:
    """One group-less consumer for all end offsets that this worker asks for."""

    def __init__(self, bootstrap: str) -> None:
        self._consumer = SharedConsumer(bootstrap, isolation_level="read_committed")

    async def of(self, places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """The end offset of each (topic, partition). Raises Problem where the broker does not answer in time."""
        wanted = [TopicPartition(topic, partition) for topic, partition in places]
        if not wanted:
            return {}
        try:
            async with asyncio.timeout(ANSWER_S):
                consumer = await self._consumer.started()
                ends = await consumer.end_offsets(wanted)
        except (KafkaError, TimeoutError) as error:
            raise not_now(f"Kafka did not say where its topics end: {error!r}") from error
        return {(place.topic, place.partition): int(end) for place, end in ends.items()}

    async def stop(self) -> None:
        """Let go of the connection."""
        await self._consumer.stop()
