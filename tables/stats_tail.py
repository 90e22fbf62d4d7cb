"""The counts of all campaigns over the whole cluster: every worker reads the compacted stats topic, always."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from tables.stats import CampaignCounts, Counts

logger = logging.getLogger(__name__)

AGAIN_S = 1.0
POLL_MS = 1000
_decode = msgspec.json.Decoder(CampaignCounts).decode


class StatsTail:
    """Keeps the latest counts of each campaign and partition. `run` reads until it is cancelled."""

    def __init__(self, bootstrap: str, topic: str, partitions: int) -> None:
        self.is_current = False
        self._bootstrap = bootstrap
        self._places = [TopicPartition(topic, number) for number in range(partitions)]
        self._counts: dict[tuple[str, int], Counts] = {}

    async def run(self) -> None:
        """Read everything, then what comes; a broker that is away is asked again."""
        while True:
            try:
                await self._read()
            except KafkaError as error:
                logger.warning("stats topic: %r; reading it again", error)
            await asyncio.sleep(AGAIN_S)

    def take(self, records: Iterable[Any]) -> None:
        """Take records in; each replaces the earlier one of its campaign and partition."""
        for record in records:
            if record.value is None:
                continue
            try:
                found = _decode(record.value)
            except msgspec.MsgspecError as error:
                logger.error("stats topic, offset %d: not readable: %s", record.offset, error)
            else:
                self._counts[found.campaign, found.partition] = found.counts

    def sums(self) -> dict[str, Counts]:
        """The counts of each campaign, added up over its partitions."""
        sums: dict[str, Counts] = {}
        for (campaign, _), counts in sorted(self._counts.items()):
            sums.setdefault(campaign, Counts()).merge(counts)
        return sums

    async def _read(self) -> None:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=POLL_MS,
        )
        try:
            await consumer.start()
            consumer.assign(self._places)
            ends = await consumer.end_offsets(self._places)
            while True:
                for records in (await consumer.getmany(timeout_ms=POLL_MS)).values():
                    self.take(records)
                self.is_current = self.is_current or await _has_reached(consumer, self._places, ends)
        finally:
            await consumer.stop()


async def _has_reached(
    consumer: AIOKafkaConsumer, places: Sequence[TopicPartition], ends: dict[TopicPartition, int]
) -> bool:
    return all([await consumer.position(place) >= ends[place] for place in places])
