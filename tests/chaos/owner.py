"""A process that owns one partition: the real turn loop on a real journal and a real folder, without a group.

It kills or freezes itself at a point of a turn. What it decides comes by number: record n is the same in every life.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from app.clock import SystemClock
from app.topics import Topics
from app.turns import misplaced
from app.turns.actor import Actor, Read
from app.turns.deciding import WATERMARK_KEY, Input
from app.turns.kafka_log import KafkaLog, Lines
from app.turns.partition import Partition
from app.turns.ports import Mail, Owner, Pair, Phase, Ports, Store
from app.turns.relay import Relay
from app.turns.table import Table
from app.turns.turn import Turn
from app.turns.turnstile import Turnstile
from tables.store import Folders
from tests.app.turns.memory import MemoryRecord
from tests.chaos.believing import believe_every_append
from tests.chaos.lines import OwnLines
from tests.chaos.sending import Sending, order_record
from tests.integration.tiny import START_MS, Count, Numbering

POINTS = ("before_append", "before_relay", "mid_relay", "before_store")
IN_CALL = "in_call"
ACTOR = "tiny"
A_TURN = 4
SESSION_S = 1.0
LOOK_S = 0.005


class Errand(NamedTuple):
    """What an owner is to do. It decides the first `records` records; at the `turn`-th turn of its life that comes to
    `point`, it sends itself `signal`. `build`: a broken one; empty, the sound one. `sending`: a sender's partition."""

    bootstrap: str
    app: str
    name: str
    folder: str
    records: int
    point: str = ""
    turn: int = 1
    signal: int = 0
    build: str = ""
    sending: bool = False


class Struck:
    """Counts the turns of this life, and strikes at the one that was asked for."""

    def __init__(self, errand: Errand, tell: Callable[..., None]) -> None:
        self._errand = errand
        self._tell = tell
        self.turns = 0

    def here(self, point: str) -> None:
        """This is that point; SIGKILL ends here, SIGSTOP goes on when somebody wakes us."""
        errand = self._errand
        if point == errand.point and self.turns >= errand.turn:
            self._errand = errand._replace(point="")
            self._tell("strikes", point)
            os.kill(os.getpid(), errand.signal)


class StruckLog(KafkaLog):
    """The journal on Kafka, with points to be struck at around every turn that has mail."""

    struck: Struck

    async def append(self, pairs: Sequence[Pair], time_ms: int) -> int:
        """Append; a turn is counted when it comes here."""
        if any(key == WATERMARK_KEY for key, _ in pairs):
            self.struck.turns += 1
            self.struck.here("before_append")
        return await super().append(pairs, time_ms)

    async def relay(self, mail: Iterable[tuple[Mail, bytes]], time_ms: int) -> None:
        """Relay, in two parts where it is to be struck between them."""
        all_mail = list(mail)
        half = len(all_mail) // 2
        self.struck.here("before_relay")
        if self.struck.turns and half:
            await super().relay(all_mail[:half], time_ms)
            self.struck.here("mid_relay")
            all_mail = all_mail[half:]
        await super().relay(all_mail, time_ms)
        self.struck.here("before_store")


SEEN = Table("seen", b"\x11", Count)


class Few(Numbering):
    """Few records a turn, so that there are many turns; it remembers every record."""

    tables: Sequence[Table[Any]] = (*Numbering.tables, SEEN)
    a_turn = A_TURN

    def step(self, turn: Turn, record: Any, read: Read) -> None:
        """Number it, and remember it."""
        super().step(turn, record, read)
        turn.put(SEEN, b"%d" % record.offset, Count(record.offset))

    def room(self) -> int:
        """A few."""
        return self.a_turn


class Records:
    """The intake: all records are in memory, made from their numbers."""

    def __init__(self, errand: Errand, topic: str) -> None:
        self._topic = topic
        self._make = order_record if errand.sending else _record
        self.records = [self._make(topic, number) for number in range(errand.records)]
        self.partition: Partition | None = None

    def until(self, records: int) -> None:
        """More come in."""
        first = len(self.records)
        self.records += [self._make(self._topic, number) for number in range(first, records)]
        self._offer(self.records[first:])

    def _offer(self, records: Sequence[MemoryRecord]) -> None:
        if self.partition is not None and records:
            self.partition.offer(self._topic, records)

    def pause(self, topic: str, partition: int) -> None:
        """Everything is in memory."""

    def resume(self, topic: str, partition: int) -> None:
        """Everything is in memory."""

    def passed(self, topic: str, partition: int, offset: int) -> int:
        """There are no control records."""
        return offset

    async def start_at(self, topic: str, partition: int, offset: int) -> None:
        """Fetch from there on."""
        self._offer(self.records[offset:])


def _record(topic: str, number: int) -> MemoryRecord:
    return MemoryRecord(topic, 0, number, START_MS, b"u%d" % (number % 7), b"")


def live(errand: Errand, pipe: Connection) -> None:
    """The life of an owner: the target of its process. Parent and child speak in tuples over the pipe."""
    BUILDS[errand.build]()
    with contextlib.suppress(BrokenPipeError, EOFError):
        asyncio.run(_live(errand, pipe))


async def _live(errand: Errand, pipe: Connection) -> None:
    topics = Topics(errand.app, f"{errand.app}.in")
    intake = Records(errand, topics.events)
    struck = Struck(errand, lambda *said: pipe.send(said))
    wires = OwnLines(errand.bootstrap, errand.name)
    await wires.start()
    partition = _partition(errand, topics, intake, struck, wires.lines)
    intake.partition = partition
    orders: asyncio.Queue[tuple[Any, ...]] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    loop.add_reader(pipe.fileno(), lambda: orders.put_nowait(pipe.recv()))
    life = asyncio.create_task(partition.run())
    await _obey(partition, intake, orders, life, pipe)
    loop.remove_reader(pipe.fileno())
    await partition.close()
    if partition.phase is not Phase.READY:
        life.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await life
    await partition.release()
    await wires.close()
    pipe.send(("closed",))


async def _obey(
    partition: Partition,
    intake: Records,
    orders: asyncio.Queue[Any],
    life: asyncio.Task[None],
    pipe: Connection,
) -> None:
    """Tell every change, do what is ordered; until told to close, refused, or broken."""
    told: dict[str, int] = {}
    while not life.done():
        decided = partition.next_offset(intake.records[0].topic) if partition.turns else 0
        for what, value in (("decided", decided), ("refused", partition.refusals)):
            if value > told.get(what, 0):
                told[what] = value
                pipe.send((what, value))
        if partition.refusals:
            return  # nobody gives it the partition back: there is no group here
        with contextlib.suppress(TimeoutError):
            order, *values = await asyncio.wait_for(orders.get(), LOOK_S)
            if order == "close":
                return
            intake.until(*values)
    life.result()


def _partition(errand: Errand, topics: Topics, intake: Records, struck: Struck, lines: Lines) -> Partition:
    folders, journal = Folders(Path(errand.folder)), topics.journal(ACTOR)

    def log() -> KafkaLog:
        name = f"{errand.app}.{ACTOR}.0"
        name = f"{name}.{os.getpid()}" if errand.build in IDS_OF_THEIR_OWN else name
        made = StruckLog(lines, name, journal, 0)
        made.struck = struck
        return made

    def store() -> Store:
        return folders.open(ACTOR, 0)

    def actor(partition: Partition) -> Actor:
        if errand.sending:
            shared = Path(errand.folder).parent
            return Sending(partition, topics, errand.name, shared, lambda: struck.here(IN_CALL))
        few = Few(partition, topics)
        if errand.point and errand.build in IDS_OF_THEIR_OWN:
            few.a_turn -= 1  # its turns are not those of its successor
        return few

    relayed = Input(topics.events, relayed=False)
    owner = Owner(errand.name, 0.0, SESSION_S, 60.0)
    return Partition(ACTOR, 0, [relayed], actor, Ports(log, store, SystemClock(), intake, Turnstile()), owner)


# --- broken builds -----------------------------------------------------------------------------------------


def sound() -> None:
    """The build as it is."""


def no_fence() -> None:
    """Each owner has a fence of its own, and nobody looks where an append landed."""
    believe_every_append()


def new_id() -> None:
    """The build as it is, where every owner gets another producer id, so that the broker refuses nobody."""


def new_id_counts_anywhere() -> None:
    """The same; and a turn counts wherever it stands in the journal."""
    setattr(misplaced, "misplaced", lambda _at, _value: 0)  # noqa: B010 - mypy knows its signature


def no_second_relay() -> None:
    """Whoever opens does not relay the last outbox again."""

    async def again(_self: Any, _outbox: Any) -> None:
        return

    Relay.again = again  # type: ignore[method-assign, assignment]


def watermark_apart() -> None:
    """State and watermark go into the journal one after the other, not in one batch."""
    append = KafkaLog.append
    appends = count()

    async def apart(self: Any, pairs: Any, time_ms: int) -> int:
        state = [pair for pair in pairs if pair[0] != WATERMARK_KEY]
        if len(state) in {0, len(pairs)}:
            return await append(self, pairs, time_ms)
        at = await append(self, state, time_ms)
        if next(appends):
            self.struck.here("between_appends")
        await append(self, [pair for pair in pairs if pair[0] == WATERMARK_KEY], time_ms)
        return at

    KafkaLog.append = apart  # type: ignore[method-assign]


IDS_OF_THEIR_OWN = frozenset({"no_fence", "new_id", "new_id_counts_anywhere"})
BUILDS: dict[str, Callable[[], None]] = {
    "": sound,
    "no_fence": no_fence,
    "new_id": new_id,
    "new_id_counts_anywhere": new_id_counts_anywhere,
    "no_second_relay": no_second_relay,
    "watermark_apart": watermark_apart,
}
