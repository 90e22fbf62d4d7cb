"""Partitions of users and of tokens without Kafka: their mail arrives in an order that a test chooses."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from agents.tokens import TokensActor
from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Campaign
from app.domain.model.user import Activity, Agenda, Profile, User
from app.turns.deciding import Decider, Input, Work
from app.turns.ports import Mail
from app.turns.state import State
from app.turns.timers import Timers
from app.turns.watermark import Watermark
from tables.users import ACTIVITY, AGENDA, PROFILE
from tests.app.turns.memory import MemoryRecord, MemoryStore
from tests.flow.engine import TOPICS, Flow

DAY_MS = 86_400_000
Way = tuple[str, ...]


class _Tokens:
    """One partition of tokens for everybody; it reads who asks, and answers where it is told."""

    def __init__(self) -> None:
        self.state = State(MemoryStore(), Timers(MemoryStore()))
        actor = TokensActor(None, TOPICS)  # type: ignore[arg-type]
        self._decider = Decider(
            actor, self.state, [Input(TOPICS.tokens_mail, relayed=True)], lambda pairs: True
        )
        self._watermark = Watermark(b"", 0, 0, {}, {})
        self._offset = -1

    def take(self, key: bytes | None, value: bytes | None) -> list[Mail]:
        """One claim; what it sends."""
        self._offset += 1
        record = MemoryRecord(TOPICS.tokens_mail, 0, self._offset, 0, key, value)
        decided = self._decider.decide(Work((), [record], None, 0), self._watermark)
        self._watermark = decided.turn.watermark
        return decided.turn.mail


class People:
    """Users, each in the partition that `place` names.

    As with Kafka: a sender relays its mail in order, and a mailbox is read in the order in which mail came into it.
    """

    def __init__(
        self, campaigns: Iterable[Campaign], place: dict[str, int], rules: AppRules | None = None
    ) -> None:
        self.place = place
        every = list(campaigns)
        rules = rules or AppRules(stream_clock=True, max_lateness_ms=DAY_MS)
        find: Callable[[bytes], int] = lambda key: place[key.decode()]  # noqa: E731 - the partitioner of this test
        self.flows = {
            number: Flow(every, rules, number=number, partition_of=find) for number in set(place.values())
        }
        self._ways: dict[Way, deque[Mail]] = {}
        self._tokens = _Tokens()
        self._seen = dict.fromkeys(self.flows, 0)

    def feed(self, *messages: dict[str, Any]) -> None:
        """Events in the order of the log, each in the partition of its user."""
        for message in messages:
            number = self.place[str(message.get("userId", message.get("anonymousId")))]
            self.flows[number].feed([message])
            self._collect(number)

    def tick(self, time: str) -> None:
        """Move every partition's clock on."""
        for number, flow in self.flows.items():
            flow.tick(time)
            self._collect(number)

    def mail(self, user: str, value: bytes) -> None:
        """Mail from a sender."""
        number = self.place[user]
        self.flows[number].mail(user, value)
        self._collect(number)

    def _collect(self, number: int) -> None:
        sent = self.flows[number].sent
        for mail in sent[self._seen[number] :]:
            if mail.topic in {TOPICS.users_mail, TOPICS.tokens_mail}:
                self._post(f"users/{number}", mail)
        self._seen[number] = len(sent)

    def _post(self, sender: str, mail: Mail) -> None:
        self._ways.setdefault(("from", sender), deque()).append(mail)

    @property
    def waiting(self) -> list[Way]:
        """Where mail waits: with its sender, or in a mailbox."""
        return sorted(way for way, mail in self._ways.items() if mail)

    @property
    def unread(self) -> int:
        """How much of it."""
        return sum(map(len, self._ways.values()))

    def move(self, way: Way) -> None:
        """The oldest mail of a sender reaches its mailbox, or that of a mailbox is read."""
        mail = self._ways[way].popleft()
        if way[0] == "from":
            self._ways.setdefault(("to", mail.topic, str(mail.partition)), deque()).append(mail)
        elif mail.topic == TOPICS.tokens_mail:
            for answer in self._tokens.take(mail.key, mail.value):
                self._post("tokens", answer)
        else:
            number = int(way[2])
            self.flows[number].mail((mail.key or b"").decode(), mail.value or b"")
            self._collect(number)

    def claim_tokens(self, sender: str) -> None:
        """A sender's mail leaves, and what claims tokens is read."""
        while self._ways.get(("from", sender)):
            self.move(("from", sender))
        while self._ways.get(("to", TOPICS.tokens_mail, "0")):
            self.move(("to", TOPICS.tokens_mail, "0"))

    def settle(self, limit: int = 2000) -> None:
        """Everything arrives."""
        for _ in range(limit):
            if not self.waiting:
                return
            self.move(self.waiting[0])
        raise AssertionError(f"mail goes on and on: {self.waiting}")

    def user(self, name: str) -> User:
        """What the state says of an id."""
        store, key = self.flows[self.place[name]].store, name.encode()
        profile, activity, agenda = (
            None if (raw := store.get(table.prefix + key)) is None else table.decode(raw)
            for table in (PROFILE, ACTIVITY, AGENDA)
        )
        return User(name, profile or Profile(), activity or Activity(), agenda or Agenda())  # type: ignore[arg-type]

    def decisions(self) -> Iterator[dict[str, Any]]:
        """Every decision so far, partition by partition."""
        for flow in self.flows.values():
            yield from flow.decisions()

    def dead(self) -> list[dict[str, Any]]:
        """Every dead letter so far."""
        sent = (mail for flow in self.flows.values() for mail in flow.sent)
        return [json.loads(mail.value or b"") for mail in sent if mail.topic == TOPICS.dead_letters]
