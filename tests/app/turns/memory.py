"""Ports in memory that keep their promises: a store, a record, a clock that is set by hand."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from app.turns.ports import Pair


class MemoryRecord(NamedTuple):
    """One record as the Kafka client hands it over."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


class MemoryStore:
    """The turns' Store, in memory and sorted."""

    def __init__(self) -> None:
        self.values: dict[bytes, bytes] = {}
        self._keys: list[bytes] = []
        self.closed = False

    def get(self, key: bytes) -> bytes | None:
        """The value, None where there is none."""
        return self.values.get(key)

    def write(self, pairs: Iterable[Pair]) -> None:
        """All pairs at once."""
        for key, value in pairs:
            if value is None:
                if self.values.pop(key, None) is not None:
                    del self._keys[bisect_left(self._keys, key)]
            else:
                if key not in self.values:
                    insort(self._keys, key)
                self.values[key] = value

    def scan(self, start: bytes, stop: bytes, limit: int) -> list[bytes]:
        """Up to `limit` keys with start <= key < stop, in order."""
        first, last = bisect_left(self._keys, start), bisect_left(self._keys, stop)
        return self._keys[first : min(last, first + limit)]

    def discard(self) -> None:
        """Begin empty."""
        self.values.clear()
        self._keys.clear()

    def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True


class SetClock:
    """A wall clock that goes on only when it is told to, and a stopwatch on which every look takes 1 ms more."""

    def __init__(self, now_ms: int = 1_700_000_000_000) -> None:
        self.at_ms = now_ms
        self._looks = 0

    def now_ms(self) -> int:
        """The time it was set to."""
        return self.at_ms

    def monotonic_s(self) -> float:
        """The wall clock's seconds, and a millisecond for each look."""
        self._looks += 1
        return (self.at_ms + self._looks) / 1000
