"""The timer index of a partition: which keys wait for which time, ordered, derived from the state and never journaled.

An entry is (due, key). Entries stand in the store, ordered; the nearest few thousand also in a heap, so that looking
at the next one costs the same with a thousand or a million waiting, before and after many have fired. An entry that
the state no longer knows is harmless: whoever is woken by it looks at the state.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from app.turns.ports import Pair, Store

INDEX = b"\x01"
_END = b"\x02"
_FAR = b"\xff" * 9
WINDOW = 4096
NEVER_MS = 1 << 63


def index_key(due_ms: int, key: bytes) -> bytes:
    """The store key of an entry: sorts by due time, then by key."""
    return INDEX + due_ms.to_bytes(8, "big") + key


class Timers:
    """Entries by due time, over the store and the changes that are not in the store yet."""

    def __init__(self, store: Store, window: int = WINDOW) -> None:
        self._store = store
        self._window = window
        self._heap: list[bytes] = []
        self._near: set[bytes] = set()
        self._horizon = INDEX  # every entry up to here is in the heap; beyond, nothing is
        self._changes: dict[bytes, tuple[bool, int]] = {}  # not in the store yet: (present?, of which commit)
        self._undo: list[tuple[bytes, bool]] = []
        self._commits = 0
        self.soonest_ms = 0  # nobody waits for an earlier time; exact once `first` has looked

    def add(self, due_ms: int, key: bytes) -> None:
        """From now on `key` waits for `due_ms`."""
        entry = index_key(due_ms, key)
        self.soonest_ms = min(self.soonest_ms, due_ms)
        self._undo.append((entry, True))
        self._apply(entry, present=True)

    def remove(self, due_ms: int, key: bytes) -> None:
        """`key` no longer waits for `due_ms`."""
        entry = index_key(due_ms, key)
        self._undo.append((entry, False))
        self._apply(entry, present=False)

    def _apply(self, entry: bytes, *, present: bool) -> None:
        self._changes[entry] = (present, self._commits)
        if not present:
            self._near.discard(entry)
            if len(self._heap) > 2 * len(self._near) + self._window:
                self._heap = sorted(self._near)  # most of it is cancelled, and would wait here until its time
        elif entry <= self._horizon and entry not in self._near:
            self._near.add(entry)
            heapq.heappush(self._heap, entry)
            if len(self._near) > 4 * self._window:
                self._shrink()

    def _shrink(self) -> None:
        """Keep only the nearest window in memory; the rest is read again from the store when its time comes."""
        self._heap = sorted(self._near)[: self._window]
        self._near = set(self._heap)
        self._horizon = self._heap[-1]

    def peek(self) -> int | None:
        """The earliest due time, None where nobody waits."""
        first = self._first()
        return None if first is None else int.from_bytes(first[1:9], "big")

    def first(self) -> tuple[int, bytes] | None:
        """The earliest entry as (due_ms, key)."""
        first = self._first()
        if first is None:
            self.soonest_ms = NEVER_MS
            return None
        self.soonest_ms = due_ms = int.from_bytes(first[1:9], "big")
        return due_ms, first[9:]

    def _first(self) -> bytes | None:
        while True:
            heap, near = self._heap, self._near
            while heap:
                if heap[0] in near:
                    return heap[0]
                heapq.heappop(heap)
            if self._horizon == _FAR:
                return None
            self._load()

    def _load(self) -> None:
        """Bring the next window of the store, as the unsaved changes leave it, into the heap."""
        stored = self._store.scan(self._horizon + b"\x00", _END, self._window)
        horizon = stored[-1] if len(stored) == self._window else _FAR
        unsaved = self._changes
        entries = {entry for entry in stored if entry not in unsaved or unsaved[entry][0]}
        entries.update(e for e, (present, _) in unsaved.items() if present and self._horizon < e <= horizon)
        self._horizon = horizon
        self._near |= entries
        self._heap = sorted(entries)

    def commit(self) -> tuple[int, list[Pair]]:
        """The changes since the last commit, for the store, and the number that tells `saved` that they are in it."""
        changed = {entry for entry, _ in self._undo}
        pairs: list[Pair] = [(entry, b"" if self._changes[entry][0] else None) for entry in changed]
        self._undo = []
        number = self._commits
        self._commits += 1
        return number, pairs

    def saved(self, number: int, pairs: list[Pair]) -> None:
        """The changes of this commit are in the store now."""
        for entry, _ in pairs:
            if entry in self._changes and self._changes[entry][1] <= number:
                del self._changes[entry]

    def rollback(self) -> None:
        """Forget every change since the last commit."""
        for entry, present in reversed(self._undo):
            self._apply(entry, present=not present)
        self._undo = []
        self.soonest_ms = 0

    def waiting(self, until_ms: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Every entry that is due at or before `until_ms` (None: all there are), by due time; reads that much index."""
        start, stop = INDEX, _END if until_ms is None else index_key(until_ms + 1, b"")
        stored: list[bytes] = []
        while chunk := self._store.scan(start, stop, self._window):
            stored += chunk
            start = chunk[-1] + b"\x00"
        unsaved = self._changes
        entries = {entry for entry in stored if entry not in unsaved or unsaved[entry][0]}
        entries.update(entry for entry, (present, _) in unsaved.items() if present and entry < stop)
        for entry in sorted(entries):
            yield int.from_bytes(entry[1:9], "big"), entry[9:]
