"""Where the producers of `events` put a key. For look-ups only: actors answer by the number that they were given."""

from __future__ import annotations

import zlib
from typing import Literal

from aiokafka.partitioner import murmur2

Partitioner = Literal["murmur2", "crc32"]


def partition_of(key: bytes, partitions: int, partitioner: Partitioner) -> int:
    """The partition of a key. murmur2: Java, aiokafka, kafkajs; crc32: librdkafka."""
    if partitioner == "crc32":
        return zlib.crc32(key) % partitions
    return int(murmur2(key) & 0x7FFFFFFF) % partitions
