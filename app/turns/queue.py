"""What waits before a partition: polls as they come, bounded by taking only a full topic out of the fetch."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from app.turns.ports import Intake, Record

QUEUED_POLLS = 2
WITHIN_REACH = 4000


class Queue:
    """Polls of one partition's inputs in the order in which they came. Never blocks whoever brings one."""

    def __init__(self, partition: int, intake: Intake) -> None:
        self.reach: deque[Record] = deque()
        self._partition = partition
        self._intake = intake
        self._polls: deque[tuple[str, Sequence[Record]]] = deque()
        self._paused: set[str] = set()

    def put(self, topic: str, records: Sequence[Record]) -> None:
        """Take a poll; with too many of its topic, that topic leaves the fetch until there is room."""
        self._polls.append((topic, records))
        if self._polls_of(topic) >= QUEUED_POLLS:
            self._paused.add(topic)
            self._intake.pause(topic, self._partition)

    def fill(self) -> Sequence[Record]:
        """Move polls into the next turn's reach; topics that have room again go back into the fetch."""
        while self._polls and len(self.reach) < WITHIN_REACH:
            _, records = self._polls.popleft()
            self.reach.extend(records)
        for topic in [topic for topic in self._paused if self._polls_of(topic) < QUEUED_POLLS]:
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
        self._paused.clear()

    def _polls_of(self, topic: str) -> int:
        return sum(queued == topic for queued, _ in self._polls)

    def __len__(self) -> int:
        return len(self.reach) + sum(len(records) for _, records in self._polls)
