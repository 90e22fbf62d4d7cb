"""The timer index: ordered, exact after rollbacks, and the same with a small window as with a large one."""

from __future__ import annotations

import heapq

from hypothesis import given
from hypothesis import strategies as st

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


@given(OPERATIONS, st.integers(1, 5))
def test_index_agrees_with_a_plain_set_whatever_the_window(
    operations: list[tuple[str, int, bytes]], window: int
) -> None:
    """Given adds, firings, commits and rollbacks in any order, then the first entry is always that of a plain set."""
    store, model = MemoryStore(), Model()
    timers, unsaved = Timers(store, window), []
    for name, due_ms, key in operations:
        if name == "add" and (due_ms, key) not in model.now:
            timers.add(due_ms, key)
            model.now.add((due_ms, key))
        elif name == "fire":
            while (entry := timers.first()) is not None and entry[0] <= due_ms:
                assert entry == model.first()
                timers.remove(*entry)
                model.now.discard(entry)
        elif name == "commit":
            unsaved.append(timers.commit())
            model.before = set(model.now)
        elif name == "rollback":
            timers.rollback()
            model.now = set(model.before)
        elif name == "save" and unsaved:
            number, pairs = unsaved.pop(0)
            store.write(pairs)
            timers.saved(number, pairs)
        assert timers.first() == model.first()
    assert list(timers.waiting()) == sorted(model.now)


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
