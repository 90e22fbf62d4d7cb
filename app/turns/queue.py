"""What waits before a partition: polls as they come, bounded by taking only a full topic out of the fetch."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from app.turns.ports import Intake, Record

QUEUED = 2000
WITHIN_REACH = 4000


class Queue:
    """Polls of one partition's inputs in the order in which they came. Never blocks whoever brings one.

    `handed`: the offset after the last record of each topic that came since it was emptied.
    """

    def __init__(self, partition: int, intake: Intake) -> None:
        self.reach: deque[Record] = deque()
        self.handed: dict[str, int] = {}
        self._partition = partition
        self._intake = intake
        self._polls: deque[tuple[str, Sequence[Record]]] = deque()
        self._waiting: dict[str, int] = {}
        self._paused: set[str] = set()

    @property
    def is_full(self) -> bool:
        """Has a topic left the fetch?"""
        return bool(self._paused)

    def put(self, topic: str, records: Sequence[Record]) -> None:
        """Take a poll; with too many records of its topic, that topic leaves the fetch until there is room."""
        if not records:
            return
        self._polls.append((topic, records))
        self.handed[topic] = records[-1].offset + 1
        waiting = self._waiting[topic] = self._waiting.get(topic, 0) + len(records)
        if waiting >= QUEUED and topic not in self._paused:
            self._paused.add(topic)
            self._intake.pause(topic, self._partition)

    def fill(self) -> Sequence[Record]:
        """Move polls into the next turn's reach; topics that have room again go back into the fetch."""
        while self._polls and len(self.reach) < WITHIN_REACH:
            topic, records = self._polls.popleft()
            self._waiting[topic] -= len(records)
            self.reach.extend(records)
        for topic in [topic for topic in self._paused if self._waiting[topic] < QUEUED]:
            self._paused.discard(topic)
            self._intake.resume(topic, self._partition)
        return self.reach

    def taken(self, count: int) -> None:
        """The first records of the reach are decided."""
        for _ in range(count):
            self.reach.popleft()

    def clear(self) -> None:
        """Forget everything: it is fetched again from the watermark."""
        self._polls.clear()
        self.reach.clear()
        self._waiting.clear()
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
