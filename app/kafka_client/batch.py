"""One Kafka record batch, as bytes, under a producer's identity (record batch format, version 2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aiokafka.record.default_records import DefaultRecordBatchBuilder

BATCH_BYTES = 2 << 20
_LAST_SEQUENCE = 0x7FFFFFFF


class Identity(NamedTuple):
    """Under which producer id and epoch a batch is written."""

    pid: int
    epoch: int


class Batch:
    """A batch in the making. `sequence`: that of its first record, from 0 on for a new identity."""

    __slots__ = ("_builder", "_count", "_sequence")

    def __init__(self, identity: Identity, sequence: int) -> None:
        self._builder = DefaultRecordBatchBuilder(
            2, 0, 0, identity.pid, identity.epoch, sequence, BATCH_BYTES
        )
        self._sequence = sequence
        self._count = 0

    def append(
        self,
        key: bytes | None,
        value: bytes | None,
        time_ms: int,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> None:
        """One record more. Raises ValueError where the batch is full."""
        if self._builder.append(self._count, time_ms, key, value, [*headers]) is None:
            raise ValueError(f"more than fits into one batch of {BATCH_BYTES} bytes")
        self._count += 1

    def build(self) -> bytes:
        """The whole batch."""
        return bytes(self._builder.build())

    @property
    def next_sequence(self) -> int:
        """The sequence number of the record after the last."""
        return (self._sequence + self._count) & _LAST_SEQUENCE
