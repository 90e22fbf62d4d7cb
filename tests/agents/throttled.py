"""Senders and the coordinator of an app with a throttle, without Kafka or a push service: turns, calls, crashes, time.

What is in a store is what was appended; a crash forgets everything else, and relays the last outbox once more.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import msgspec

from agents.campaigns import CampaignsActor
from agents.senders import Answer, SenderActor
from app import wire
from app.domain.model.app_rules import AppRules, Throttle
from app.domain.model.mail import Outcome
from app.domain.model.push import Order, Push, Target
from app.domain.model.receipt import Accepted, Receipt
from app.setup import actor_inputs
from app.topics import Topics
from app.turns.deciding import Decider, Work
from app.turns.ports import Mail
from app.turns.state import State
from app.turns.timers import Timers
from app.turns.watermark import SOURCE, Watermark, source_header
from tables.catalog import SETTINGS_KEY, CatalogReader, Rules
from tests.agents.test_senders import NobodysTransport
from tests.app.turns.memory import MemoryRecord, MemoryStore, SetClock

TOPICS = Topics("hall", "events")
NOON_MS = 1_795_435_200_000


class Seat:
    """One partition of one actor: its store, its turns, and the calls of this process."""

    def __init__(self, hall: Hall, name: str, number: int) -> None:
        self.name, self.number = name, number
        self.store = MemoryStore()
        self.watermark = Watermark(b"", 0, 0, {}, {})
        self.is_restricted = False
        self._hall = hall
        self._inputs = actor_inputs(TOPICS)[name]
        self._outbox: list[Mail] = []
        self.open()

    def open(self) -> None:
        """Begin on what the store holds."""
        self.state = State(self.store, Timers(self.store))
        self.actor: Any = self._hall.make(self)
        self._decider = Decider(self.actor, self.state, self._inputs, lambda _pairs: True)
        self.results: list[Answer] = []
        self.first = True

    def crash(self) -> None:
        """The process is gone, and the answers to its calls with it."""
        self.open()
        self._relay()

    @property
    def results_waiting(self) -> int:
        """Answers that are not decided."""
        return len(self.results)

    def waiting(self) -> list[MemoryRecord]:
        """What it has not read: the mail first or the orders, as the dice say."""
        found = [
            self._hall.log(topic, self.number)[self.watermark.inputs.get(topic, -1) + 1 :]
            for topic, *_ in self._inputs
        ]
        self._hall.dice.shuffle(found)
        return [record for records in found for record in records]

    def is_busy(self, now_ms: int) -> bool:
        """Is there anything to decide?"""
        due_ms = self.state.timers.peek()
        return bool(self.first or self.results or self.waiting() or (due_ms is not None and due_ms < now_ms))

    async def turn(self) -> None:
        """One turn: decided, in the store, relayed; its calls are made."""
        if self.name == "fcm":
            await self.actor.prepare()
        now_ms, results = self._hall.clock.now_ms(), self.results
        self.results = []
        work = Work(results, self.waiting(), now_ms - 1, now_ms, self.first)
        decided = self._decider.decide(work, self.watermark)
        self.first = False
        self.watermark = decided.turn.watermark
        self.store.write(decided.changes)
        number, index = self.state.timers.commit()
        self.store.write(index)
        self.state.timers.saved(number, index)
        self._outbox = decided.turn.mail
        self._relay()
        for key, attempt, order, target in decided.turn.calls:
            self._hall.called(self, key, attempt, order, target)

    def _relay(self) -> None:
        for place, mail in enumerate(self._outbox):
            source = source_header(f"{self.name}/{self.number}", self.watermark.turn, place)
            self._hall.post(mail, self.number, source)


class Hall:
    """The app. `answer` says what becomes of a call; it is given 100 ms after it, to the process that made it."""

    def __init__(self, throttle: Throttle | None, partitions: int = 3, seed: int = 0) -> None:
        self.clock = SetClock(NOON_MS)
        self.partitions = partitions
        self.dice = random.Random(seed)
        self.catalog = CatalogReader("", TOPICS.campaigns, self.clock, stream_clock=True)
        self.calls: list[tuple[int, str, str]] = []
        self.outcomes: list[Outcome] = []
        self.decisions: list[Any] = []
        self.most_at_once = 0
        self._logs: dict[tuple[str, int], list[MemoryRecord]] = {}
        self._answers: list[tuple[int, Seat, Any, Answer]] = []
        self.throttle(throttle)
        self.seats = [Seat(self, name, n) for name in ("fcm", "campaigns") for n in range(partitions)]

    def answer(self, attempt: int, target: Target) -> Receipt:
        """It is taken."""
        return Accepted()

    def throttle(self, throttle: Throttle | None) -> None:
        """Publish one, or none."""
        value = msgspec.msgpack.encode(Rules(AppRules(throttle=throttle)))
        self.catalog._take(
            MemoryRecord(TOPICS.campaigns, 0, 0, self.clock.now_ms() - 10_000, SETTINGS_KEY, value)
        )

    def make(self, seat: Seat) -> Any:
        """The actor of one partition."""
        partition: Any = seat
        if seat.name == "campaigns":
            return CampaignsActor(partition, TOPICS, self.catalog, self.partitions)
        transport: Any = NobodysTransport()
        return SenderActor(
            partition, TOPICS, transport, throttle=self.catalog.throttle, partitions=self.partitions
        )

    def log(self, topic: str, partition: int) -> list[MemoryRecord]:
        """What stands in a topic's partition."""
        return self._logs.setdefault((topic, partition), [])

    def order(self, names: Iterable[str], devices: int = 1, **fields: Any) -> None:
        """Hand orders over, one a name; a name says by its number to which partition it goes."""
        for name in names:
            number = int(name.rpartition("-")[2])
            targets = tuple(Target(f"d{device}", f"{name}-d{device}", "android") for device in range(devices))
            ttl_ms, not_after_ms = fields.get("ttl_ms"), fields.get("not_after_ms")
            push = Push(name, f"u-{number}", "c", 1, "t", "b", ttl_ms=ttl_ms)
            order = Order(push, targets, self.clock.now_ms(), {}, not_after_ms)
            self._append(TOPICS.sends("fcm"), number % self.partitions, wire.encode_pack(order), ())

    def _append(self, topic: str, partition: int, value: bytes | None, headers: Any) -> None:
        log = self.log(topic, partition)
        log.append(MemoryRecord(topic, partition, len(log), self.clock.now_ms(), b"k", value, headers))

    def post(self, mail: Mail, sender: int, source: bytes) -> None:
        """A relayed message reaches its place."""
        if mail.topic == TOPICS.users_mail:
            word: Any = wire.decode_user_mail(mail.value or b"")
            self.outcomes.append(word)
        elif mail.topic == TOPICS.decisions:
            self.decisions.append(wire.decode_decision(mail.value or b""))
        else:
            partition = sender if mail.partition is None else mail.partition
            self._append(mail.topic, partition, mail.value, ((SOURCE, source),))

    def called(self, seat: Seat, key: bytes, attempt: int, order: Order, target: Target) -> None:
        """A call arrives at the push service."""
        self.calls.append((self.clock.now_ms(), order.push.message_id, target.device))
        task = seat.actor._calls[key] = SimpleNamespace()
        answer = Answer(key, attempt, self.answer(attempt, target))
        self._answers.append((self.clock.now_ms() + 100, seat, task, answer))
        self.most_at_once = max(self.most_at_once, len(seat.actor._calls))

    def _answered(self) -> None:
        due = [each for each in self._answers if each[0] <= self.clock.now_ms()]
        self._answers = [each for each in self._answers if each[0] > self.clock.now_ms()]
        for _, seat, task, answer in due:
            if seat.actor._calls.get(answer.key) is task:  # the process that asked is still there
                del seat.actor._calls[answer.key]
                seat.results.append(answer)

    async def run(self, seconds: float, crashes: float = 0.0, step_ms: int = 20) -> None:
        """Time passes; whoever has something to do takes turns, and may crash after one."""
        until_ms = self.clock.now_ms() + int(seconds * 1000)
        while self.clock.now_ms() < until_ms:
            self.clock.at_ms += step_ms
            self._answered()
            self.dice.shuffle(self.seats)
            for seat in self.seats:
                if seat.is_busy(self.clock.now_ms()):
                    await seat.turn()
                    if self.dice.random() < crashes:
                        seat.crash()

    def by_interval(self, every_ms: int) -> dict[int, int]:
        """User-messages that arrived, by interval: of each message the calls of the device that had most."""
        counted: dict[int, Counter[tuple[str, str]]] = {}
        for at_ms, message, device in self.calls:
            counted.setdefault((at_ms - NOON_MS) // every_ms, Counter())[message, device] += 1
        return {interval: _messages(calls) for interval, calls in counted.items()}


def _messages(calls: Counter[tuple[str, str]]) -> int:
    most: Counter[str] = Counter()
    for (message, _), count in calls.items():
        most[message] = max(most[message], count)
    return most.total()
