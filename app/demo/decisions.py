"""Reads the run's decisions, without a group: from the first to whatever is the last one now."""

from types import TracebackType
from typing import Any, Self

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from app.demo.fold import Fold
from app.domain.model.decision import Decision

_POLL_MS = 200


class Decisions:
    """The topic of decisions, read on from where the last reading ended."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._consumer: Any = AIOKafkaConsumer(
            topic,
            bootstrap_servers=bootstrap,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        self._decoder = msgspec.json.Decoder(Decision)
        self._partitions: list[TopicPartition] = []

    async def __aenter__(self) -> Self:
        try:
            await self._consumer.start()
            self._partitions = sorted(self._consumer.assignment())
        except BaseException:
            await self._consumer.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._consumer.stop()

    async def read(self, fold: Fold) -> int:
        """Count every decision up to the end that the topic has now; return how many there were."""
        ends: dict[TopicPartition, int] = await self._consumer.end_offsets(self._partitions)
        count = 0
        while await self._behind(ends):
            for records in (await self._consumer.getmany(timeout_ms=_POLL_MS)).values():
                for record in records:
                    fold.add(self._decoder.decode(record.value))
                count += len(records)
        return count

    async def _behind(self, ends: dict[TopicPartition, int]) -> bool:
        for partition, end in ends.items():
            if await self._consumer.position(partition) < end:
                return True
        return False
