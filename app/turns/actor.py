"""What an agent gives to the turns: how it reads, decides, and wakes. One actor serves one partition."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any, NamedTuple, Protocol

from msgspec import Struct

from app.turns.ports import Record
from app.turns.table import Table
from app.turns.turn import Turn


class Time(Enum):
    """When a timer is due.

    STREAM: once an input record's own time is later (replays, tests). CAUGHT_UP: once the clock has passed it and
    everything that stood in the log by then is decided (C010t). WALL: once the clock has passed it.
    """

    STREAM = "stream"
    CAUGHT_UP = "caught_up"
    WALL = "wall"


class Read(Struct, gc=False):
    """A decoded record. `time_ms` moves a stream clock; with `includes` what is due at that very time goes first."""

    message: Any
    time_ms: int | None = None
    includes: bool = False


class Unreadable(NamedTuple):
    """A record that nobody can decide on: a dead letter with this reason."""

    reason: str
    detail: str


class Actor(Protocol):
    """The hooks of one partition's actor, in the order in which a turn calls them."""

    @property
    def tables(self) -> Sequence[Table[Any]]:
        """What it keeps."""

    @property
    def time(self) -> Time:
        """When its timers are due."""

    @property
    def in_flight(self) -> int:
        """Calls that this process made and that are not answered."""

    async def prepare(self) -> int:
        """Before a turn: wait until what it needs is current; the latest time that it may be timed at."""

    def room(self) -> int:
        """How many records and due timers the next turn may take."""

    def opened(self, turn: Turn) -> None:
        """First turn after opening, behind results that this process still holds: settle what was left in doubt."""

    def read(self, record: Record) -> Read | Unreadable:
        """Decode one record; no state, no effect."""

    def step(self, turn: Turn, record: Record, read: Read) -> None:
        """Decide on one record. An exception is a bug: the record becomes a dead letter, its effects vanish."""

    def due(self, turn: Turn, key: bytes, due_ms: int) -> None:
        """`key` (with its table's prefix) waited for `due_ms`, and it has come."""

    def abandon(self, turn: Turn, key: bytes, due_ms: int, why: str) -> None:
        """`due` failed for this key, and `why`: take the wait out of the state, so that it ends, and say what ended."""

    def bury(self, turn: Turn, record: Record, reason: str, detail: str) -> None:
        """Put a record among the dead letters."""

    def done(self, turn: Turn, result: Any) -> None:
        """A result that this process posted (a provider's answer)."""

    def finish(self, turn: Turn) -> None:
        """The last step of the turn is done: what is said once a turn."""

    def appended(self, turn: Turn) -> None:
        """The turn is in the journal: carry out its calls."""

    async def closing(self) -> None:
        """The partition is given up: stop calls, wait for those under way within a time limit."""
