"""The mails actor without Kafka: turns over a store in memory, a mail server that is a list, crashes anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from agents.mails import MailsActor
from app.domain.model.alert import Alert, AlertNote, Posting
from app.domain.model.receipt import Accepted, Receipt
from app.domain.rules.backoff import Patience
from app.setup import actor_inputs
from app.topics import Topics
from app.turns.deciding import Decider, Work
from app.turns.state import State
from app.turns.timers import Timers
from app.turns.watermark import SOURCE, Watermark, source_header
from tests.app.turns.memory import MemoryRecord, MemoryStore, SetClock

TOPICS = Topics("town", "events")
PATIENCE = Patience(base_ms=300_000, longest_ms=3_600_000, attempts=3)
ANSWERS = 20


class Server:
    """`EmailTransport` to a list. `answers`: what it says, each once, after the content or instead of it."""

    name = "email"

    def __init__(self) -> None:
        self.mails: list[str] = []
        self.reached = 0
        self.refusals: list[Receipt] = []
        self.answers: list[Receipt] = []
        self.silent = asyncio.Event()
        self.is_silent = False

    async def send(
        self, alert: Alert, owner: str, hand_over: Callable[[], Awaitable[bool]]
    ) -> Receipt | None:
        """One conversation."""
        self.reached += 1
        if self.refusals:
            return self.refusals.pop(0)
        if not await hand_over():
            return None
        self.mails.append(alert.id)
        if self.is_silent:
            await self.silent.wait()
        return self.answers.pop(0) if self.answers else Accepted()


class Room:
    """One partition. `turn` is one turn; `crash` loses whatever is not in the store."""

    is_fresh = True
    results_waiting = 0

    def __init__(self, server: Server | None) -> None:
        self.server = server
        self.clock = SetClock()
        self.store = MemoryStore()
        self.watermark = Watermark(b"", 0, 0, {}, {})
        self.log: list[MemoryRecord] = []
        self.notes: list[AlertNote] = []
        self.turns = 0
        self.open()

    def open(self) -> None:
        """A process begins on what the store holds."""
        self.results: list[Any] = []
        self.state = State(self.store, Timers(self.store))
        transport: Any = self.server
        self.actor = MailsActor(self, TOPICS, transport, PATIENCE)  # type: ignore[arg-type]
        self._decider = Decider(self.actor, self.state, actor_inputs(TOPICS)["email"], lambda _pairs: True)
        self._first = True

    def post(self, result: Any) -> None:
        """A result of this process."""
        self.results.append(result)

    def nudge(self) -> None:
        """There is room again."""

    def tell(self, alert: Alert) -> None:
        """The coordinator has decided on an alert, perhaps again: under another turn of its own."""
        source = source_header("campaigns/0", len(self.log) + 1, 0)
        value = msgspec.msgpack.encode(alert)
        offset = len(self.log)
        self.log.append(
            MemoryRecord(TOPICS.mails, 0, offset, self.clock.now_ms(), b"c", value, ((SOURCE, source),))
        )

    def turn(self, *, appended: bool = True) -> None:
        """One turn, in the store; `appended` False: the process dies before it acts on that."""
        self.turns += 1
        results, self.results = self.results, []
        records = self.log[self.watermark.inputs.get(TOPICS.mails, -1) + 1 :]
        work = Work(results, records, self.clock.now_ms(), self.clock.now_ms(), self._first)
        self._first = False
        decided = self._decider.decide(work, self.watermark)
        self.watermark = decided.turn.watermark
        self.store.write(decided.changes)
        number, index = self.state.timers.commit()
        self.store.write(index)
        self.state.timers.saved(number, index)
        for mail in decided.turn.mail:
            if mail.topic == TOPICS.campaigns and mail.value is not None:
                self.notes.append(msgspec.msgpack.decode(mail.value, type=AlertNote))
        if appended:
            self.actor.appended(decided.turn)

    async def work(self, turns: int = ANSWERS) -> None:
        """Turns, until nothing is left to do or so many are taken; what is called gets its time in between."""
        for _ in range(turns):
            self.turn()
            for _ in range(5):
                await asyncio.sleep(0)
            if not self.results and not self.actor.in_flight:
                return

    def crash(self) -> None:
        """The process is gone; another one opens."""
        for task in list(self.actor._calls.values()):
            task.cancel()
        self.open()

    def pass_time(self, milliseconds: int) -> None:
        """Time passes on the wall."""
        self.clock.at_ms += milliseconds

    @property
    def postings(self) -> list[Posting]:
        """What was noted, in order."""
        return [note.posting for note in self.notes]
