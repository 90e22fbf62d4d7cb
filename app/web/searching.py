"""Further back than state remembers: a bounded stretch of the decisions topic, read only where explain asks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from msgspec import Struct

from app.domain.model.decision import Decision
from app.domain.rules.wording import instant_text
from app.web.consumer import SharedConsumer
from app.web.decisions import decode

MOST = 20_000
CHUNK = 4_000
SEARCH_S = 2.0
POLL_MS = 500
FETCH_BYTES = 1 << 20


class Found(Struct, frozen=True):
    """What a search brought, the last on top. `records`: how many were looked at; `since_ms`: the oldest of them.

    `is_all`: there is nothing older.
    """

    decisions: tuple[Decision, ...] = ()
    records: int = 0
    since_ms: int | None = None
    is_all: bool = False

    def sentence(self, known: int) -> str:
        """How far back was looked, beyond the last `known` decisions on the user."""
        told = f"Looked at the last {known} decisions on this user, and at the {self.records} records before them"
        if self.is_all:
            return f"{told}: all that is kept."
        since = "" if self.since_ms is None else f", back to {instant_text(self.since_ms)}"
        return f"{told}{since}. What is older is in the topic of decisions, and is not searched."


class Search:
    """Reads a stretch of one partition backwards, piece by piece, within a number of records and a time."""

    def __init__(self, bootstrap: str, topic: str, most: int = MOST) -> None:
        self._topic = topic
        self._most = most
        self._consumer = SharedConsumer(
            bootstrap,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=POLL_MS,
            max_partition_fetch_bytes=FETCH_BYTES,
        )
        self._one_at_a_time = asyncio.Lock()

    async def before(self, partition: int, offset: int, key: bytes) -> Found:
        """The decisions under this key that stand before `offset`. Where Kafka does not answer: as far as it did."""
        pieces: list[list[Any]] = []
        place, is_all = TopicPartition(self._topic, partition), False
        async with self._one_at_a_time:
            try:
                async with asyncio.timeout(SEARCH_S):
                    is_all = await self._read(await self._consumer.started(), place, offset, pieces)
            except KafkaError:
                await self.stop()
            except TimeoutError:
                pass  # what was read by then is told, and how much that is
        return _found([record for piece in reversed(pieces) for record in piece], key, is_all=is_all)

    async def _read(
        self, consumer: AIOKafkaConsumer, place: TopicPartition, stop: int, pieces: list[list[Any]]
    ) -> bool:
        """Pieces, the latest first; True where nothing older is kept."""
        first: int = (await consumer.beginning_offsets([place]))[place]
        oldest = max(first, stop - self._most)
        consumer.assign([place])
        while stop > oldest:
            start = max(oldest, stop - CHUNK)
            pieces.append(await _piece(consumer, place, start, stop))
            stop = start
        return oldest == first

    async def stop(self) -> None:
        """Let go of the connection."""
        await self._consumer.stop()


async def _piece(consumer: AIOKafkaConsumer, place: TopicPartition, start: int, stop: int) -> list[Any]:
    """The records with start <= offset < stop; both are within the log, or before its first record."""
    found: list[Any] = []
    consumer.seek(place, start)
    while await consumer.position(place) < stop:
        records: Sequence[Any] = (await consumer.getmany(place, timeout_ms=POLL_MS)).get(place, [])
        found += [record for record in records if record.offset < stop]
    return found


def _found(records: Sequence[Any], key: bytes, *, is_all: bool) -> Found:
    mine: Iterable[bytes | None] = (record.value for record in records if record.key == key)
    since_ms = min(map(attrgetter("timestamp"), records), default=None)
    return Found(tuple(decode(mine)), len(records), since_ms, is_all)
