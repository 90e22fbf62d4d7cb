"""The counts of the whole cluster."""

from __future__ import annotations

import msgspec

from tables.stats import CampaignCounts, Counts
from tables.stats_tail import StatsTail
from tests.app.turns.memory import MemoryRecord


def a_record(campaign: str, partition: int, counts: Counts) -> MemoryRecord:
    value = msgspec.json.encode(CampaignCounts(campaign, partition, counts))
    return MemoryRecord("stats", partition, 0, 0, f"{campaign}/{partition}".encode(), value)


def test_partitions_are_added_up_and_the_last_record_counts() -> None:
    tail = StatsTail("", "stats", 2)
    tail.take([a_record("cart", 0, Counts(qualified=1)), a_record("cart", 1, Counts(qualified=5))])
    tail.take([a_record("cart", 0, Counts(qualified=3, dropped={"user_cap": 1}))])
    assert tail.sums() == {"cart": Counts(qualified=8, dropped={"user_cap": 1})}
    assert tail.sums() == tail.sums()


def test_what_cannot_be_read_is_passed_over() -> None:
    tail = StatsTail("", "stats", 1)
    tail.take([MemoryRecord("stats", 0, 0, 0, b"k", b"{"), MemoryRecord("stats", 0, 1, 0, b"k", None)])
    assert tail.sums() == {}
