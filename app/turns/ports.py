"""What a turn needs from outside, as ports: a log, a store, a clock, an intake. Kafka, RocksDB and Faust stand behind
them in the worker, simulated ones in tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from enum import Enum
from typing import NamedTuple, Protocol

from app.turns.turnstile import Turnstile

Pair = tuple[bytes, bytes | None]


class Record(Protocol):
    """One record of an input topic, as the Kafka client hands it over."""

    @property
    def topic(self) -> str:
        """Its topic."""

    @property
    def partition(self) -> int:
        """Its partition."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""

    @property
    def timestamp(self) -> int:
        """The broker's or the producer's time of it, milliseconds."""

    @property
    def key(self) -> bytes | None:
        """Its key."""

    @property
    def value(self) -> bytes | None:
        """Its value."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """Its headers."""


class Mail(NamedTuple):
    """One outgoing message. `partition` None: the partition of the actor that sends it."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None


class Fence(NamedTuple):
    """Under which producer id and epoch an appender writes."""

    pid: int
    epoch: int


class Refused(Exception):
    """The broker refused an append, or it did not land where it had to: somebody else owns this partition now."""


class Unanswered(Exception):
    """The broker did not answer in time: what became of the append is known only after reopening."""


class Unstored(Exception):
    """The state folder cannot be written or read now (a full disk); the journal has everything."""


class Damaged(Unstored):
    """The state folder does not hold what was written to it; it is set aside, and the next opening begins anew."""


class Foreign(Unstored):
    """A journaled value that this build cannot read: nothing is decided on it, and nothing in its place."""


class JournalMissing(Exception):
    """The journal is not there, or has no identity: nothing may be decided until an operator says where to go on."""


SETBACKS = (Refused, Unanswered, Unstored)
"""After these a partition drops what it believes, and opens again."""


class Log(Protocol):
    """One journal partition and its fenced appender."""

    async def identity(self) -> bytes:
        """The random identity that `setup` wrote as the first record. Raises JournalMissing."""

    async def fence(self) -> Fence:
        """Take the appender: from the next append on, every older owner is refused. Raises Unanswered."""

    async def append(self, pairs: Sequence[Pair], time_ms: int) -> int:
        """Append all pairs as one atomic batch; the offset of the first. Raises Refused, Unanswered."""

    def fits(self, pairs: Sequence[Pair]) -> bool:
        """Do all pairs fit into one batch?"""

    def read(self, start: int, stop: int) -> AsyncIterator[Sequence[tuple[int, bytes, bytes | None]]]:
        """Records with start <= offset < stop, in order, in chunks."""

    async def relay(self, mail: Iterable[tuple[Mail, bytes]], time_ms: int) -> None:
        """Send messages, each with its source; returns when the broker has them all. Raises Refused, Unanswered."""

    async def end_of(self, topic: str) -> int:
        """The end offset of this partition of an input topic, asked for now."""

    async def close(self) -> None:
        """Let go of connections; never raises for a broker that is away."""


class Store(Protocol):
    """Sorted bytes on disk, a cache of the journal. Everything but `close` raises Unstored, Damaged."""

    def get(self, key: bytes) -> bytes | None:
        """The value, None where there is none."""

    def write(self, pairs: Iterable[Pair]) -> None:
        """All pairs in one atomic write; None deletes."""

    def scan(self, start: bytes, stop: bytes, limit: int) -> list[bytes]:
        """Up to `limit` keys with start <= key < stop, in order."""

    def discard(self) -> None:
        """Throw everything away and go on empty."""

    def close(self) -> None:
        """Release the folder."""


class Clock(Protocol):
    """The time of this machine."""

    def now_ms(self) -> int:
        """Wall clock, milliseconds since the epoch."""

    def monotonic_s(self) -> float:
        """Seconds that never go back."""


class Intake(Protocol):
    """The fetch of this actor's topics, from the partition's side."""

    def pause(self, topic: str, partition: int) -> None:
        """Take this topic-partition out of the fetch."""

    def resume(self, topic: str, partition: int) -> None:
        """Put it back, where it stands."""

    def passed(self, topic: str, partition: int, offset: int) -> int:
        """`offset`, or what lies beyond it where the log is known to hold no record in between (control records)."""

    async def start_at(self, topic: str, partition: int, offset: int) -> None:
        """Fetch it from `offset` on."""


class Ports(NamedTuple):
    """What a partition is given; log and store are made anew for each opening, the turnstile is the worker's."""

    log: Callable[[], Log]
    store: Callable[[], Store]
    clock: Clock
    intake: Intake
    turnstile: Turnstile


class Owner(NamedTuple):
    """Who opens it, and its times.

    `unfenced_wait_s`: how long an owner that cannot be fenced may still believe in itself. `session_s`: the group's
    session. `refused_wait_s`: longer than a heartbeat, so that whoever was refused hears from the group first whether
    the partition is still its own, and a process that wakes does not take the fence from the rightful owner.
    """

    worker: str
    unfenced_wait_s: float
    session_s: float
    refused_wait_s: float = 2.5


class Phase(Enum):
    """Where a partition stands; only READY decides."""

    OPENING = "opening"
    READY = "ready"
    REFUSED = "refused"
    CLOSED = "closed"
