"""The timer index: ordered, exact after rollbacks, and the same with a small window as with a large one."""

from __future__ import annotations

import heapq

from hypothesis import given
from hypothesis import strategies as st

from app.turns.ports import Pair
from app.turns.timers import Timers
from tests.app.turns.memory import MemoryStore

OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 50), st.sampled_from([b"a", b"b", b"c", b"d"])),
        st.tuples(st.just("fire"), st.integers(0, 60), st.just(b"")),
        st.tuples(st.sampled_from(["commit", "rollback", "save"]), st.just(0), st.just(b"")),
    ),
    max_size=80,
)


class Model:
    """The obvious index: a set, and a copy of it from the last commit."""

    def __init__(self) -> None:
        self.now: set[tuple[int, bytes]] = set()
        self.before: set[tuple[int, bytes]] = set()

    def first(self) -> tuple[int, bytes] | None:
        return min(self.now, default=None)


class Both:
    """The index and the obvious one, side by side."""

    def __init__(self, window: int) -> None:
        self.store, self.model = MemoryStore(), Model()
        self.timers = Timers(self.store, window)
        self.unsaved: list[tuple[int, list[Pair]]] = []

    def add(self, due_ms: int, key: bytes) -> None:
        if (due_ms, key) not in self.model.now:
            self.timers.add(due_ms, key)
            self.model.now.add((due_ms, key))

    def fire(self, until_ms: int, _key: bytes) -> None:
        while (entry := self.timers.first()) is not None and entry[0] <= until_ms:
            assert entry == self.model.first()
            self.timers.remove(*entry)
            self.model.now.discard(entry)

    def commit(self, _due_ms: int, _key: bytes) -> None:
        self.unsaved.append(self.timers.commit())
        self.model.before = set(self.model.now)

    def rollback(self, _due_ms: int, _key: bytes) -> None:
        self.timers.rollback()
        self.model.now = set(self.model.before)

    def save(self, _due_ms: int, _key: bytes) -> None:
        if self.unsaved:
            number, pairs = self.unsaved.pop(0)
            self.store.write(pairs)
            self.timers.saved(number, pairs)


@given(OPERATIONS, st.integers(1, 5))
def test_index_agrees_with_a_plain_set_whatever_the_window(
    operations: list[tuple[str, int, bytes]], window: int
) -> None:
    """Given adds, firings, commits and rollbacks in any order, then the first entry is always that of a plain set."""
    both = Both(window)
    for name, due_ms, key in operations:
        getattr(both, name)(due_ms, key)
        assert both.timers.first() == both.model.first()
    assert list(both.timers.waiting()) == sorted(both.model.now)
    for until_ms in range(0, 12, 3):
        soon = sorted(entry for entry in both.model.now if entry[0] <= until_ms)
        assert list(both.timers.waiting(until_ms)) == soon


def test_entries_beyond_the_window_are_read_when_their_time_comes() -> None:
    """Given far more entries than the window holds, when all are fired, then they come in order and each once."""
    store = MemoryStore()
    timers = Timers(store, window=16)
    dues = [(due * 7919) % 10_007 for due in range(2_000)]
    for due in dues:
        timers.add(due, b"k%d" % due)
    number, pairs = timers.commit()
    store.write(pairs)
    timers.saved(number, pairs)
    fired = []
    while (entry := timers.first()) is not None:
        fired.append(entry[0])
        timers.remove(*entry)
    assert fired == heapq.nsmallest(len(dues), dues)


def test_memory_holds_a_few_windows_however_many_wait() -> None:
    """Given a hundred windows of timers, then only a few windows of them are in memory."""
    timers = Timers(MemoryStore(), window=10)
    timers.first()
    for due in range(1_000):
        timers.add(due, b"k")
    assert len(timers._near) <= 4 * 10
