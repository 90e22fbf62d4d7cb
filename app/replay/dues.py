"""Who waits for what time, in memory: the earliest first, then by user."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

NEVER_MS = 1 << 63
NOTHING: frozenset[int] = frozenset()
SLACK = 4096


class Dues:
    """Due times of users. One that is cancelled stays in the heap until it comes up, or until most of it is such."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, str]] = []
        self._waiting: dict[str, frozenset[int]] = {}
        self._count = 0
        self.soonest_ms = NEVER_MS

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[str]:
        """Every user that waits."""
        return iter(list(self._waiting))

    def put(self, user: str, dues: frozenset[int]) -> None:
        """From now on the user waits for these times, and for no other."""
        before = self._waiting.get(user, NOTHING)
        if dues == before:
            return
        self._count += len(dues) - len(before)
        if dues:
            self._waiting[user] = dues
        else:
            del self._waiting[user]
        for due_ms in dues - before:
            heapq.heappush(self._heap, (due_ms, user))
        if len(self._heap) > 2 * self._count + SLACK:
            self._heap = [(due_ms, user) for user, dues in self._waiting.items() for due_ms in dues]
            heapq.heapify(self._heap)
        self.soonest_ms = self._heap[0][0] if self._heap else NEVER_MS

    def forget(self, user: str, due_ms: int) -> None:
        """The user waits for this time no more, whatever the reason was."""
        self.put(user, self._waiting.get(user, NOTHING) - {due_ms})

    def first(self) -> tuple[int, str] | None:
        """The earliest as (due_ms, user)."""
        heap = self._heap
        while heap:
            due_ms, user = heap[0]
            if due_ms in self._waiting.get(user, NOTHING):
                self.soonest_ms = due_ms
                return heap[0]
            heapq.heappop(heap)
        self.soonest_ms = NEVER_MS
        return None
