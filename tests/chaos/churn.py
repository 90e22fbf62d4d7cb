"""Timers armed and cancelled by the hundred thousand (C23), on a real state folder."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from rocksdict import BottommostLevelCompaction, CompactOptions

from app.turns.ports import Pair, Store
from app.turns.timers import Timers, index_key
from tables.store import Folders, RocksStore

START_MS = 1_700_000_000_000
SPREAD_MS = 1 << 30
TURN = 1_000
LIVE_IN = 100
SAMPLES = 400
ENTRY_BYTES = 9 + 8
SCANS = 3


class Churned(NamedTuple):
    """`scans`: how often the store was read for all looks at what is due first, each followed by its firing."""

    scans_before: int
    scans_after: int
    scans_reopened: int
    in_memory: int
    live: int
    disk_bytes: int
    live_bytes: int
    lost: int

    def wrongs(self) -> list[str]:
        """What is not as it had to be; in words."""
        found = []
        if max(self.scans_before, self.scans_after, self.scans_reopened) > SCANS:
            scans = self.scans_before, self.scans_after, self.scans_reopened
            found.append(f"the first due was read from the store {scans} times, in {SAMPLES} looks")
        if self.in_memory > 40_000:
            found.append(f"{self.in_memory} entries in memory")
        if self.disk_bytes > max(2 * self.live_bytes, 100_000):
            found.append(f"{self.disk_bytes} bytes on disk for {self.live_bytes}")
        if self.lost:
            found.append(f"{self.lost} timers lost or made up")
        return found


class Counting:
    """A store that counts how often it is read in order; each such read passes over what was cancelled there."""

    def __init__(self, inner: RocksStore) -> None:
        self.inner = inner
        self.scans = 0
        self.get, self.write = inner.get, inner.write
        self.discard, self.close = inner.discard, inner.close

    def scan(self, start: bytes, stop: bytes, limit: int) -> list[bytes]:
        """As the store itself, counted."""
        self.scans += 1
        return self.inner.scan(start, stop, limit)


def churn(data: Path, count: int, seed: int, make: Callable[[Store], Timers] = Timers) -> Churned:
    """Arm `count` timers and cancel all but one in a hundred, a turn at a time; what it cost."""
    store = Counting(Folders(data).open("users", 0))
    timers, dice = make(store), random.Random(seed)
    live = {(_due_ms(dice), b"\x12live-%07d" % number) for number in range(count // LIVE_IN + 4 * SAMPLES)}
    kept = sorted(live)
    for start in range(0, len(kept), TURN):
        _turn(store, timers, kept[start : start + TURN], timers.add)
    scans_before = _looks(store, timers, live)
    for turn in range(0, count, TURN):
        passing = [(_due_ms(dice), b"\x12gone-%07d" % (turn + number)) for number in range(TURN)]
        _turn(store, timers, passing, timers.add)
        _turn(store, timers, passing, timers.remove)
    scans_after = _looks(store, timers, live)
    in_memory = len(timers._heap)
    again = make(store)
    scans_reopened = _looks(store, again, live)
    lost = len(set(again.waiting()) ^ live)
    disk_bytes = _compacted(store.inner)
    live_bytes = sum(len(index_key(*entry)) + ENTRY_BYTES for entry in live)
    store.close()
    return Churned(
        scans_before, scans_after, scans_reopened, in_memory, len(live), disk_bytes, live_bytes, lost
    )


def _due_ms(dice: random.Random) -> int:
    return START_MS + dice.randrange(SPREAD_MS)


def _turn(
    store: Store, timers: Timers, entries: list[tuple[int, bytes]], act: Callable[[int, bytes], None]
) -> None:
    for entry in entries:
        act(*entry)
    _save(store, timers)


def _save(store: Store, timers: Timers) -> None:
    number, pairs = timers.commit()
    store.write(pairs)
    timers.saved(number, pairs)


def _looks(store: Counting, timers: Timers, live: set[tuple[int, bytes]]) -> int:
    """Take the first due, again and again; it must be the first of those that wait. How often the store was read."""
    before = store.scans
    for entry in sorted(live)[:SAMPLES]:
        if timers.first() != entry:
            raise AssertionError(f"{entry} is due first, and was not found")
        timers.remove(*entry)
        live.discard(entry)
    _save(store, timers)
    return store.scans - before


def _compacted(store: RocksStore) -> int:
    store.write([(b"\x00end", b"")])
    store._db.flush()
    options = CompactOptions()
    options.set_bottommost_level_compaction(BottommostLevelCompaction.force())
    store._db.compact_range(None, None, options)
    return sum(file["size"] for file in store._db.live_files())


class PlainIndex(Timers):
    """The index without its heap: every look goes to the store, over all that was cancelled there."""

    def first(self) -> tuple[int, bytes] | None:
        """The first entry of the store."""
        found = self._store.scan(b"\x01", b"\x02", 1)
        return (int.from_bytes(found[0][1:9], "big"), found[0][9:]) if found else None

    def remove(self, due_ms: int, key: bytes) -> None:
        """Remove it from the store at once."""
        super().remove(due_ms, key)
        pairs: list[Pair] = [(index_key(due_ms, key), None)]
        self._store.write(pairs)


class HoardingIndex(Timers):
    """The index that leaves what is cancelled in its heap until its time has come."""

    def _apply(self, entry: bytes, *, present: bool) -> None:
        window, self._window = self._window, 1 << 60
        super()._apply(entry, present=present)
        self._window = window
