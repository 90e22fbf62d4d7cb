"""Folders that forget: writes are atomic, their order is kept, and a crash takes back any number of the last ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random

from app.turns.ports import Pair, Unstored
from tests.app.turns.memory import MemoryStore

UNFLUSHED = 12


class Folder:
    """What one state folder holds, and what of it is not flushed."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.is_open = False
        self._undo: list[list[Pair]] = []

    def write(self, pairs: list[Pair]) -> None:
        """One write batch."""
        held = self.store.values
        self._undo.append([(key, held.get(key)) for key, _ in reversed(pairs)])
        if len(self._undo) > UNFLUSHED:
            del self._undo[0]
        self.store.write(pairs)

    def empty(self) -> None:
        """Deleted, and made anew."""
        self.store.discard()
        self._undo.clear()

    def flush(self) -> None:
        """Closed in good order: nothing is lost any more."""
        self._undo.clear()

    def crash(self, dice: Random) -> int:
        """The process died: some of the last writes are gone; how many."""
        self.is_open = False
        lost = dice.choice((0, dice.randrange(len(self._undo) + 1), len(self._undo)))
        for _ in range(lost):
            self.store.write(self._undo.pop())
        self._undo.clear()
        return lost


class SimStore:
    """The turns' Store on a folder; `is_full` says that nothing can be written now."""

    def __init__(
        self, folder: Folder, is_full: Callable[[], bool], wrote: Callable[[Folder], None] = lambda _f: None
    ) -> None:
        if folder.is_open:
            raise Unstored("the folder is in use")
        if is_full():
            raise Unstored("no space")
        folder.is_open = True
        self._folder = folder
        self._is_full = is_full
        self._wrote = wrote
        self._is_closed = False

    def _there(self) -> Folder:
        if self._is_closed:
            raise ValueError("a store was used after it was closed")
        return self._folder

    def get(self, key: bytes) -> bytes | None:
        """The value, None where there is none."""
        return self._there().store.values.get(key)

    def write(self, pairs: Iterable[Pair]) -> None:
        """All at once, or nothing."""
        folder = self._there()
        if self._is_full():
            raise Unstored("no space")
        folder.write(list(pairs))
        self._wrote(folder)

    def scan(self, start: bytes, stop: bytes, limit: int) -> list[bytes]:
        """Up to `limit` keys with start <= key < stop, in order."""
        return self._there().store.scan(start, stop, limit)

    def discard(self) -> None:
        """Begin empty."""
        self._there().empty()

    def close(self) -> None:
        """Let go of the folder."""
        if not self._is_closed:
            self._is_closed = True
            self._folder.is_open = False
            self._folder.flush()
