"""Where topics end, asked for now: with it the lag of a partition is known and not remembered.

The end is that of what was committed: nothing beyond it can be decided yet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from app.web.answers import not_now

ANSWER_S = 5.0


class Ends:
    """One group-less consumer for all end offsets that this worker asks for."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._consumer: AIOKafkaConsumer | None = None
        self._starting = asyncio.Lock()

    async def of(self, places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """The end offset of each (topic, partition). Raises Problem where the broker does not answer in time."""
        wanted = [TopicPartition(topic, partition) for topic, partition in places]
        if not wanted:
            return {}
        try:
            async with asyncio.timeout(ANSWER_S):
                consumer = await self._started()
                ends = await consumer.end_offsets(wanted)
        except (KafkaError, TimeoutError) as error:
            raise not_now(f"Kafka did not say where its topics end: {error!r}") from error
        return {(place.topic, place.partition): int(end) for place, end in ends.items()}

    async def _started(self) -> AIOKafkaConsumer:
        async with self._starting:
            if self._consumer is None:
                consumer = AIOKafkaConsumer(
                    bootstrap_servers=self._bootstrap,
                    group_id=None,
                    enable_auto_commit=False,
                    isolation_level="read_committed",
                )
                try:
                    await consumer.start()
                except BaseException:
                    await consumer.stop()
                    raise
                self._consumer = consumer
            return self._consumer

    async def stop(self) -> None:
        """Let go of the connection."""
        if self._consumer is not None:
            consumer, self._consumer = self._consumer, None
            await consumer.stop()
