"""What every actor but users has in common: it lives by the wall clock and needs nothing before a turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app import wire
from app.topics import Topics
from app.turns.actor import Read, Time, Unreadable
from app.turns.partition import Partition
from app.turns.table import Table
from app.turns.timers import NEVER_MS
from app.turns.turn import Turn

STEPS = 4000


class Mailbox:
    """An actor that only answers its mail. Subclasses give `tables`, `read` and `step`, and what else they need."""

    tables: Sequence[Table[Any]] = ()
    time = Time.WALL

    def __init__(self, partition: Partition, topics: Topics) -> None:
        self.partition = partition
        self.topics = topics

    @property
    def in_flight(self) -> int:
        """Nobody is called."""
        return 0

    async def prepare(self) -> int:
        """Nothing to wait for."""
        return NEVER_MS

    def room(self) -> int:
        """A turn's worth."""
        return STEPS

    def opened(self, turn: Turn) -> None:
        """Nothing is in doubt."""

    def read(self, record: Any) -> Read | Unreadable:
        """Decode one record."""
        raise NotImplementedError

    def step(self, turn: Turn, record: Any, read: Read) -> None:
        """Decide on one record."""
        raise NotImplementedError

    def due(self, turn: Turn, key: bytes, due_ms: int) -> None:
        """Nothing waits here."""

    def abandon(self, turn: Turn, key: bytes, due_ms: int, why: str) -> None:
        """Nothing waits here."""

    def bury(self, turn: Turn, record: Any, reason: str, detail: str) -> None:
        """A dead letter, under the record's own key."""
        turn.send(self.topics.dead_letters, record.key, wire.dead_letter(record, reason, detail))

    def done(self, turn: Turn, result: Any) -> None:
        """Nobody is called."""

    def finish(self, turn: Turn) -> None:
        """Nothing is said once a turn."""

    def appended(self, turn: Turn) -> None:
        """Nobody is called."""

    async def closing(self) -> None:
        """Nothing is under way."""
