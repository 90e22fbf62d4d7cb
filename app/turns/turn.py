"""One turn in the making: what it has read, changed and wants to send. Nothing of it exists until it is appended."""

from __future__ import annotations

from typing import Any, TypeVar

from app.turns.ports import Mail, Pair
from app.turns.state import NEVER, Kept, State
from app.turns.table import Table
from app.turns.watermark import Watermark

S = TypeVar("S")
MAIL_BYTES = 900_000


class Turn:
    """The working set of one turn. `now_ms` is the time under which the current step is decided."""

    __slots__ = ("_changed", "calls", "mail", "mail_bytes", "now_ms", "operations", "state", "watermark")

    def __init__(self, state: State, watermark: Watermark, now_ms: int) -> None:
        self.state = state
        self._changed: dict[bytes, Kept] = {}
        self.watermark = watermark
        self.now_ms = now_ms
        self.mail: list[Mail] = []
        self.mail_bytes = 0
        self.calls: list[Any] = []
        self.operations = 0

    def get(self, table: Table[S], key: bytes) -> S | None:
        """The live value under `key`; whoever changes it puts it back with `put`."""
        value: S | None = self._kept(table, table.prefix + key).value
        return value

    def _kept(self, table: Table[Any], full: bytes) -> Kept:
        return self._changed.get(full) or self.state.find(table, full)

    def put(self, table: Table[S], key: bytes, value: S) -> None:
        """The value under `key` from this turn on."""
        full = table.prefix + key
        kept = self._changed[full] = self._kept(table, full)
        kept.value = value
        if table.dues is not None:
            self._retime(full, kept, frozenset(table.dues(value)))

    def delete(self, table: Table[Any], key: bytes) -> None:
        """There is nothing under `key` from this turn on."""
        full = table.prefix + key
        kept = self._kept(table, full)
        if kept.value is not None:
            kept.value = None
            self._retime(full, kept, NEVER)
            self._changed[full] = kept

    def _retime(self, full: bytes, kept: Kept, dues: frozenset[int]) -> None:
        before = kept.dues
        if before == dues:
            return
        kept.dues = dues
        for due_ms in dues - before:
            self.state.timers.add(due_ms, full)
        for due_ms in before - dues:
            self.state.timers.remove(due_ms, full)

    def forget_due(self, full: bytes, due_ms: int) -> None:
        """An index entry that no state stands behind any more."""
        self.state.timers.remove(due_ms, full)

    def waiting(self, until_ms: int | None = None) -> list[tuple[int, bytes]]:
        """Every (due_ms, full key) of the partition that is due by then; for opening only."""
        return list(self.state.timers.waiting(until_ms))

    def send(self, topic: str, key: bytes | None, value: bytes, partition: int | None = None) -> None:
        """A message that leaves once the turn is in the journal; `partition` None: this one's number.

        Raises ValueError for one that no topic would take: relayed again at every opening, it would block for ever.
        """
        if len(value) > MAIL_BYTES:
            raise ValueError(f"a message of {len(value)} bytes to {topic}; at most {MAIL_BYTES}")
        self.mail.append(Mail(topic, key, value, partition))
        self.mail_bytes += len(value) + 64

    def call(self, work: Any) -> None:
        """Something to be carried out, by this process only, once the turn is in the journal."""
        self.calls.append(work)

    def changed(self, table: Table[S]) -> list[tuple[bytes, S]]:
        """The keys and values of one table that this turn has put."""
        prefix = table.prefix[0]
        return [
            (full[1:], kept.value)
            for full, kept in self._changed.items()
            if full[0] == prefix and kept.value is not None
        ]

    def changes(self) -> list[Pair]:
        """The state that this turn leaves behind, encoded."""
        return [
            (full, None if kept.value is None else kept.table.encode(kept.value))
            for full, kept in self._changed.items()
        ]

    @property
    def is_empty(self) -> bool:
        """Would nothing but the watermark be written?"""
        return not (self._changed or self.mail or self.calls)
