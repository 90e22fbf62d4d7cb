"""What waits before a partition: polls as they come, bounded by taking only a full topic out of the fetch.

The bounds are by number and by bytes, of what waits and of what the next turn can reach; one poll may go beyond them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from app.turns.ports import Intake, Record

QUEUED = 2000
QUEUED_BYTES = 2 << 20
WITHIN_REACH = 4000
REACH_BYTES = 4 << 20
RECORD_BYTES = 300  # what a record takes in memory beside its value


class Queue:
    """Polls of one partition's inputs in the order in which they came. Never blocks whoever brings one.

    `handed`: the offset after the last record of each topic that came since it was emptied.
    """

    def __init__(self, partition: int, intake: Intake) -> None:
        self.reach: list[Record] = []
        self.handed: dict[str, int] = {}
        self._partition = partition
        self._intake = intake
        self._polls: deque[tuple[str, Sequence[Record], int]] = deque()
        self._waiting: dict[str, int] = {}
        self._waiting_bytes: dict[str, int] = {}
        self._reached: deque[tuple[int, int]] = (
            deque()
        )  # the end of each poll in reach, by count, and its size
        self._reached_to = self._taken_to = 0
        self._reach_bytes = 0
        self._paused: set[str] = set()

    @property
    def is_full(self) -> bool:
        """Has a topic left the fetch?"""
        return bool(self._paused)

    @property
    def bytes(self) -> int:
        """What all of it takes in memory, roughly."""
        return self._reach_bytes + sum(self._waiting_bytes.values())

    def put(self, topic: str, records: Sequence[Record]) -> None:
        """Take a poll; with too much of its topic, that topic leaves the fetch until there is room."""
        if not records:
            return
        size = _bytes_of(records)
        self._polls.append((topic, records, size))
        self.handed[topic] = records[-1].offset + 1
        self._waiting[topic] = self._waiting.get(topic, 0) + len(records)
        self._waiting_bytes[topic] = self._waiting_bytes.get(topic, 0) + size
        if topic not in self._paused and not self._has_room(topic):
            self._paused.add(topic)
            self._intake.pause(topic, self._partition)

    def _has_room(self, topic: str) -> bool:
        return self._waiting[topic] < QUEUED and self._waiting_bytes[topic] < QUEUED_BYTES

    def fill(self) -> Sequence[Record]:
        """Move polls into the next turn's reach; topics that have room again go back into the fetch."""
        while self._polls and len(self.reach) < WITHIN_REACH and self._reach_bytes < REACH_BYTES:
            topic, records, size = self._polls.popleft()
            self._waiting[topic] -= len(records)
            self._waiting_bytes[topic] -= size
            self._reach_bytes += size
            self._reached_to += len(records)
            self._reached.append((self._reached_to, size))
            self.reach.extend(records)
        for topic in [topic for topic in self._paused if self._has_room(topic)]:
            self._paused.discard(topic)
            self._intake.resume(topic, self._partition)
        return self.reach

    def taken(self, count: int) -> None:
        """The first records of the reach are decided."""
        del self.reach[:count]
        self._taken_to += count
        while self._reached and self._reached[0][0] <= self._taken_to:
            self._reach_bytes -= self._reached.popleft()[1]

    def clear(self) -> None:
        """Forget everything: it is fetched again from the watermark."""
        self._polls.clear()
        self.reach.clear()
        self._reached.clear()
        self._reached_to = self._taken_to = self._reach_bytes = 0
        self._waiting.clear()
        self._waiting_bytes.clear()
        self._paused.clear()
        self.handed.clear()

    @property
    def oldest_ms(self) -> int | None:
        """The time of the record that has waited here longest; None where none waits."""
        if self.reach:
            return self.reach[0].timestamp
        return self._polls[0][1][0].timestamp if self._polls else None

    def __len__(self) -> int:
        return len(self.reach) + sum(self._waiting.values())


def _bytes_of(records: Sequence[Record]) -> int:
    return RECORD_BYTES * len(records) + sum([len(record.value or b"") for record in records])
