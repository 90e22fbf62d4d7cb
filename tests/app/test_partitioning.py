"""Where the producers of `events` put a key."""

from __future__ import annotations

import pytest

from app.partitioning import Partitioner, partition_of


@pytest.mark.parametrize(
    ("partitioner", "key", "partition"),
    [("murmur2", b"21", 4), ("murmur2", b"foobar", 6), ("crc32", b"21", 4), ("crc32", b"foobar", 5)],
)
def test_places_that_other_clients_give(partitioner: Partitioner, key: bytes, partition: int) -> None:
    assert partition_of(key, 8, partitioner) == partition


@pytest.mark.parametrize("partitioner", ["murmur2", "crc32"])
def test_every_key_has_a_place(partitioner: Partitioner) -> None:
    places = {partition_of(f"u-{number}".encode(), 8, partitioner) for number in range(200)}
    assert places == set(range(8))
