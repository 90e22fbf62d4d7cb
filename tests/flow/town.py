"""Users partitions and coordinators of a whole app, without Kafka: mail that repeats, turns of any size, crashes.

What is in a store is what was appended; a crash forgets everything else, and relays the last outbox once more.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from agents.campaigns import CampaignsActor
from agents.tally import TallyActor
from agents.users import Shared, UsersActor
from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Campaign, Cap, Status
from app.domain.model.mail import Outcome
from app.domain.model.push import Order
from app.partitioning import partition_of
from app.setup import actor_inputs
from app.topics import Topics
from app.turns.deciding import Decider, Work
from app.turns.ports import Mail
from app.turns.state import State
from app.turns.timers import Timers
from app.turns.watermark import SOURCE, Watermark, source_header
from app.wire import encode_pack
from tables.catalog import SETTINGS_KEY, CatalogReader, Rules
from tables.catalog_writer import Act, Change, applied
from tests.app.turns.memory import MemoryRecord, MemoryStore, SetClock

TOPICS = Topics("town", "events")
MOST_TURNS = 50_000


class Place:
    """One partition of one actor: its store, and the turn loop over it."""

    def __init__(self, town: Town, actor: str, number: int) -> None:
        self.actor_name, self.number = actor, number
        self.store = MemoryStore()
        self.watermark = Watermark(b"", 0, 0, {}, {})
        self._town = town
        self._inputs = actor_inputs(TOPICS)[actor]
        self._outbox: list[Mail] = []
        self.open()

    def open(self) -> None:
        """Begin on what the store holds."""
        self.state = State(self.store, Timers(self.store))
        actor = self._town.make(self)
        self._decider = Decider(actor, self.state, self._inputs, lambda _pairs: True)

    def crash(self) -> None:
        """Whoever opens next relays the last outbox again."""
        self.open()
        self._relay()

    def waiting(self) -> list[MemoryRecord]:
        """The records that it has not decided, of one topic after the other."""
        found = []
        for topic, *_ in self._inputs:
            log = self._town.log(topic, self.number)
            found += log[self.watermark.inputs.get(topic, -1) + 1 :]
        return found

    def turn(self, records: list[MemoryRecord], ready_ms: int | None = None) -> None:
        """One turn: decided, in the store, relayed."""
        decided = self._decider.decide(Work((), records, ready_ms, self._town.clock.now_ms()), self.watermark)
        self.watermark = decided.turn.watermark
        self.store.write(decided.changes)
        number, index = self.state.timers.commit()
        self.store.write(index)
        self.state.timers.saved(number, index)
        self._outbox = decided.turn.mail
        self._relay()

    def _relay(self) -> None:
        sender = f"{self.actor_name}/{self.number}"
        for place, mail in enumerate(self._outbox):
            self._town.post(mail, self.number, source_header(sender, self.watermark.turn, place))


class Town:
    """The app. `answer` says what becomes of an order at its first device. Under the wall clock there is a tally."""

    def __init__(
        self,
        campaigns: Iterable[Campaign],
        partitions: int = 3,
        seed: int = 0,
        answer: Callable[[Order], Outcome | None] = lambda order: None,
        *,
        stream_clock: bool = True,
    ) -> None:
        self.clock = SetClock()
        self.partitions = partitions
        self.dice = random.Random(seed)
        self.catalog = CatalogReader("", TOPICS.campaigns, self.clock, stream_clock=stream_clock)
        self.answer = answer
        self.orders: list[Order] = []
        self.decisions: list[dict[str, Any]] = []
        self.repeats = self.crashes = 0
        self._stream_clock = stream_clock
        self._said: set[str] = set()
        self._logs: dict[tuple[str, int], list[MemoryRecord]] = {}
        self._write(SETTINGS_KEY, msgspec.msgpack.encode(Rules(AppRules())))
        for campaign in campaigns:
            self.apply(campaign)
        names = ("users", "campaigns") if stream_clock else ("users", "campaigns", "tally")
        self.places = [Place(self, name, number) for name in names for number in range(partitions)]

    # --- what an operator does -----------------------------------------------------------------------------

    def apply(self, campaign: Campaign) -> None:
        """Make a campaign, or change it to its next version; it is live."""
        self.change(applied(self.catalog.records, campaign, "", Act(0), schedule=True))

    def caps(self, *caps: Cap) -> None:
        """Cap the pushes of every user."""
        self._write(SETTINGS_KEY, msgspec.msgpack.encode(Rules(AppRules(caps=caps))))

    def change(self, change: Change) -> None:
        """Write what a command would."""
        for key, value in change.records:
            self._write(key, value)

    def _write(self, key: bytes | None, value: bytes | None) -> None:
        self.clock.at_ms += 1
        self.catalog._take(MemoryRecord(TOPICS.campaigns, 0, 0, self.clock.now_ms(), key, value))

    def status(self, campaign: str) -> Status:
        """How the campaign stands."""
        return self.catalog.records.standings[campaign][0].current.status

    # --- what goes on ----------------------------------------------------------------------------------------

    def make(self, place: Place) -> Any:
        """The actor of one partition."""
        if place.actor_name == "campaigns":
            return CampaignsActor(place, TOPICS, self.catalog, self.partitions)  # type: ignore[arg-type]
        if place.actor_name == "tally":
            return TallyActor(place, TOPICS, self.partitions)  # type: ignore[arg-type]
        shared = Shared(
            TOPICS,
            self.catalog,
            self.clock,
            self.partitions,
            self._partition_of,
            _at_home,
            stream_clock=self._stream_clock,
        )
        return UsersActor(place, shared)  # type: ignore[arg-type]

    def _partition_of(self, key: bytes) -> int:
        return partition_of(key, self.partitions, "murmur2")

    def log(self, topic: str, partition: int) -> list[MemoryRecord]:
        """What stands in a topic's partition."""
        return self._logs.setdefault((topic, partition), [])

    def feed(self, messages: Iterable[Mapping[str, Any]]) -> None:
        """Events; nobody decides on them before `run`."""
        for message in messages:
            key = str(message.get("userId") or message["anonymousId"]).encode()
            self._append(TOPICS.events, self._partition_of(key), key, json.dumps(message).encode(), ())

    def _append(
        self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Any
    ) -> None:
        log = self.log(topic, partition)
        log.append(MemoryRecord(topic, partition, len(log), self.clock.now_ms(), key, value, headers))

    def post(self, mail: Mail, sender: int, source: bytes) -> None:
        """A relayed message reaches its place."""
        partition = sender if mail.partition is None else mail.partition
        if mail.topic == TOPICS.decisions:
            self._note(mail)
            self._append(mail.topic, partition, mail.key, mail.value, ((SOURCE, source),))
        elif mail.topic == TOPICS.campaigns:
            self._write(mail.key, mail.value)
        elif mail.topic == TOPICS.sends("fcm"):
            self._send(mail, partition)
        else:
            self._append(mail.topic, partition, mail.key, mail.value, ((SOURCE, source),))

    def _note(self, mail: Mail) -> None:
        decision = json.loads(mail.value or b"")
        if decision["id"] not in self._said:
            self._said.add(decision["id"])
            self.decisions.append(decision)

    def _send(self, mail: Mail, partition: int) -> None:
        order = msgspec.msgpack.decode(mail.value or b"", type=Order)
        if any(other.push.message_id == order.push.message_id for other in self.orders):
            self.repeats += 1
            return
        self.orders.append(order)
        outcome = self.answer(order)
        if outcome is not None:
            self.tell(outcome)

    def tell(self, outcome: Outcome) -> None:
        """A sender's last word."""
        key = outcome.user.encode()
        self._append(TOPICS.users_mail, self._partition_of(key), key, encode_pack(outcome), ())

    def run(self, crashes: float = 0.0) -> None:
        """Turns of any size in any order, until nothing is left; some of them are followed by a crash."""
        for _ in range(MOST_TURNS):
            busy = [place for place in self.places if place.waiting()]
            if not busy:
                return
            place = self.dice.choice(busy)
            records = place.waiting()
            place.turn(records[: self.dice.randint(1, len(records))])
            if self.dice.random() < crashes:
                self.crashes += 1
                place.crash()
        raise AssertionError("there is always something left")

    def look(self, seconds: float = 20) -> None:
        """Time passes on the wall: coordinators look at their campaigns."""
        self.clock.at_ms += int(seconds * 1000)
        for place in self.places:
            if place.actor_name == "campaigns":
                place.turn([], self.clock.now_ms())
        self.run()

    def steps(self, *wanted: str) -> list[str]:
        """The decisions of these steps: `step reason`."""
        return [
            " ".join(filter(None, (each["step"], each.get("reason"))))
            for each in self.decisions
            if each["step"] in wanted
        ]


def _at_home(user: str, partition: int) -> None:
    raise AssertionError(f"{user} is not at home in {partition}")
