"""The state of a partition as its turns see it: live values, over what is on the way to the store, over the store.

Values are live objects, changed in place by the one turn that runs. A turn that fails is undone by forgetting every
live object: the bytes below are those of the last turn that was appended.
"""

from __future__ import annotations

from typing import Any, TypeVar

from app.turns.ports import Pair, Store
from app.turns.table import Table
from app.turns.timers import Timers

S = TypeVar("S")
CACHED = 12_000
NEVER: frozenset[int] = frozenset()


class Kept:
    """A live value (None: there is none), its table, and the due times under which the timer index knows it."""

    __slots__ = ("dues", "table", "value")

    def __init__(self, table: Table[Any], value: Any, dues: frozenset[int]) -> None:
        self.table = table
        self.value = value
        self.dues = dues


class State:
    """Live values by full key (table prefix + key), in two generations: what neither has seen is read anew.

    `undone`: how often every live value was dropped; whoever holds on to one must let go when it grows.
    """

    def __init__(self, store: Store, timers: Timers, cached: int = CACHED) -> None:
        self.store = store
        self.timers = timers
        self._cached = cached
        self._young: dict[bytes, Kept] = {}
        self._old: dict[bytes, Kept] = {}
        self._unsaved: dict[bytes, tuple[bytes | None, int]] = {}
        self.undone = 0
        self.looks = self.misses = 0

    def find(self, table: Table[S], full: bytes) -> Kept:
        """What is live under a full key; its value is None where there is nothing, which is remembered too."""
        kept = self._young.get(full)
        if kept is None:
            kept = self._old.get(full)
            if kept is None:
                self.misses += 1
                kept = self._load(table, full)
            self.keep(full, kept)
        self.looks += 1
        return kept

    def _load(self, table: Table[S], full: bytes) -> Kept:
        raw = self._read(full)
        if raw is None:
            return Kept(table, None, NEVER)
        value = table.decode(raw)
        return Kept(table, value, frozenset(table.dues(value)) if table.dues else NEVER)

    def keep(self, full: bytes, kept: Kept) -> None:
        """Remember a live value; the generation that has been there longest makes room."""
        if len(self._young) >= self._cached:
            self._old = self._young
            self._young = {}
        self._young[full] = kept

    def _read(self, full: bytes) -> bytes | None:
        unsaved = self._unsaved.get(full)
        return self.store.get(full) if unsaved is None else unsaved[0]

    def appended(self, turn: int, pairs: list[Pair]) -> None:
        """These pairs are in the journal, and on the way to the store."""
        for key, value in pairs:
            self._unsaved[key] = (value, turn)

    def saved(self, turn: int, pairs: list[Pair]) -> None:
        """These pairs are in the store."""
        unsaved = self._unsaved
        for key, _ in pairs:
            if key in unsaved and unsaved[key][1] <= turn:
                del unsaved[key]

    def forget(self) -> None:
        """Undo: drop every live value and every timer change that was not appended."""
        self._young = {}
        self._old = {}
        self.undone += 1
        self.timers.rollback()
