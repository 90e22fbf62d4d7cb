"""What a fetch brought, as records: batches checked, control records and aborted transactions left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import CorruptRecordException, RecordTooLargeError
from aiokafka.record.control_record import ABORT_MARKER, ControlRecord
from aiokafka.record.memory_records import MemoryRecords
from msgspec import Struct

NO_TIME = -1


class Received(Struct, gc=False):
    """One record of an input topic (the ports' Record)."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


def received(
    place: TopicPartition, data: bytes, offset: int, aborted: Sequence[tuple[int, int]]
) -> tuple[list[Received], int]:
    """(records from `offset` on, the offset to fetch next). `aborted`: (producer, first offset) as the broker says.

    Raises what is wrong with the first batch: CorruptRecordException where its checksum does not hold,
    UnsupportedCodecError, RecordTooLargeError. What is wrong with a later one is raised once that is the first. The
    next offset lies beyond records that compaction has removed and beyond control records, of which nothing is seen
    here.
    """
    found: list[Received] = []
    transactions = _Transactions(aborted)
    start = offset
    try:
        for batch in _batches(data):
            if batch.producer_id is None:
                found += _old_records(place, batch, offset)
            elif transactions.admits(batch):
                found += _records(place, batch, offset)
            offset = max(offset, batch.next_offset)
    except Exception:
        if offset == start:
            raise
    return found, offset


def _batches(data: bytes) -> Iterator[Any]:
    """One after the other, checked; a last one that is cut off is not there."""
    batches = MemoryRecords(data)
    if not batches.has_next():
        raise RecordTooLargeError(f"the {len(data)} bytes that were fetched hold no whole batch")
    while batches.has_next():
        batch: Any = batches.next_batch()
        if not batch.validate_crc():
            raise CorruptRecordException("a batch fails its checksum")
        yield batch


def _records(place: TopicPartition, batch: Iterable[Any], offset: int) -> list[Received]:
    topic, partition = place
    return [
        Received(topic, partition, r.offset, r.timestamp, r.key, r.value, r.headers)
        for r in batch
        if r.offset >= offset
    ]


def _old_records(place: TopicPartition, batch: Iterable[Any], offset: int) -> list[Received]:
    """Of the formats 0 and 1; the first of them has no timestamps."""
    topic, partition = place
    return [
        Received(
            topic, partition, r.offset, NO_TIME if r.timestamp is None else r.timestamp, r.key, r.value, ()
        )
        for r in batch
        if r.offset >= offset
    ]


class _Transactions:
    """Which batches of transactional producers were taken back (Kafka protocol: aborted transactions)."""

    def __init__(self, aborted: Sequence[tuple[int, int]]) -> None:
        self._to_come = sorted(aborted, key=lambda each: each[1])
        self._taken_back: set[int] = set()

    def admits(self, batch: Any) -> bool:
        """Is this a batch of records that count? To be asked of every batch, in order."""
        producer = batch.producer_id
        while self._to_come and self._to_come[0][1] <= batch.base_offset:
            self._taken_back.add(self._to_come.pop(0)[0])
        if batch.is_control_batch:
            if _is_abort(batch):
                self._taken_back.discard(producer)
            return False
        return not (batch.is_transactional and producer in self._taken_back)


def _is_abort(batch: Any) -> bool:
    for record in batch:
        return bool(ControlRecord.parse(record.key) == ABORT_MARKER)
    return False
