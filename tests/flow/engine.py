"""The users actor of one partition, without Kafka: events in, mail out, turns of any size."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from agents.users import Shared, UsersActor
from app import wire
from app.domain.catalog import make_plan
from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Campaign, Cap, Segment, Status
from app.domain.rules.plan import Catalog
from app.domain.rules.who import Who
from app.topics import Topics
from app.turns.deciding import Decider, Input, Work
from app.turns.ports import Mail
from app.turns.state import State
from app.turns.timers import NEVER_MS, Timers
from app.turns.watermark import Watermark
from tables.users import AGENDA
from tests.app.turns.memory import MemoryRecord, MemoryStore, SetClock
from tests.flow.conservation import Conservation

TOPICS = Topics("test", "events")


class FixedCatalog:
    """Campaigns that are in force from the start."""

    def __init__(
        self,
        campaigns: Iterable[Campaign],
        rules: AppRules,
        status: Status = Status.LIVE,
        segments: Iterable[Segment] = (),
    ) -> None:
        plans = {(campaign.id, 1): make_plan(campaign, 1) for campaign in campaigns}
        saved = {each.name: Who(each.who) for each in segments}
        self.catalog = Catalog(plans, {campaign: (status, 1) for campaign, _ in plans}, saved)
        self.rules = rules

    async def until_current(self) -> int:
        """Always."""
        return NEVER_MS

    def at(self, _time_ms: int) -> tuple[Catalog, AppRules]:
        """The same at any time."""
        return self.catalog, self.rules


class _Place:
    def __init__(self, number: int) -> None:
        self.number = number


class Flow:
    """Feeds records to the users actor under a stream clock, and keeps what it sends.

    `number`, `partition_of`: which partition this is, and where others look for a key.
    """

    def __init__(
        self,
        campaigns: Iterable[Campaign],
        rules: AppRules | None = None,
        turn_size: int = 100,
        number: int = 0,
        partition_of: Callable[[bytes], int] = lambda _key: 0,
        segments: Iterable[Segment] = (),
    ) -> None:
        self.rules = rules or AppRules(caps=(Cap(3),), stream_clock=True)
        self.catalog = FixedCatalog(campaigns, self.rules, segments=segments)
        self.misplaced: list[str] = []
        shared = Shared(
            TOPICS,
            self.catalog,  # type: ignore[arg-type]
            SetClock(),
            1,
            partition_of,
            lambda user, _partition: self.misplaced.append(user),
            stream_clock=self.rules.stream_clock,
        )
        self.store = MemoryStore()
        self.state = State(self.store, Timers(self.store))
        self.actor = UsersActor(_Place(number), shared)  # type: ignore[arg-type]
        inputs = [Input(TOPICS.events, relayed=False), Input(TOPICS.users_mail, relayed=True)]
        self.decider = Decider(self.actor, self.state, inputs, lambda pairs: True)
        self.watermark = Watermark(b"", 0, 0, {}, {})
        self.sent: list[Mail] = []
        self.topics = TOPICS
        self.log: dict[int, MemoryRecord] = {}
        self.conservation: Conservation | None = Conservation()
        self._turn_size = turn_size
        self._offsets: dict[str, int] = {}

    def feed(self, messages: Iterable[dict[str, Any]]) -> None:
        """Segment-spec messages, in log order; the key is the user."""
        records = [
            self._record(TOPICS.events, m.get("userId", m.get("anonymousId")), json.dumps(m).encode())
            for m in messages
        ]
        for start in range(0, len(records), self._turn_size):
            self.take(records[start : start + self._turn_size])

    def tick(self, time: str) -> None:
        """Move the stream clock on; what is due at that very time fires."""
        self.take(
            [self._record(TOPICS.events, None, json.dumps({"type": "tick", "timestamp": time}).encode())]
        )

    def mail(self, user: str, value: bytes) -> None:
        """Mail from another actor."""
        self.take([self._record(TOPICS.users_mail, user, value)])

    def take(self, records: list[MemoryRecord]) -> None:
        """Turns over these records until none is left."""
        left = list(records)
        while left:
            decided = self.decider.decide(Work((), left, None, 0), self.watermark)
            self.watermark = decided.turn.watermark
            self.sent += decided.turn.mail
            self.store.write(decided.changes)
            number, index = self.state.timers.commit()
            self.store.write(index)
            self.state.timers.saved(number, index)
            left = left[decided.taken :]
            self._conserve(decided.turn.mail)

    def _conserve(self, mail: Iterable[Mail]) -> None:
        """C152 holds after each turn, over what was decided and over the users' agendas.

        Set `conservation` to None where messages move to users of another flow.
        """
        if self.conservation is None:
            return
        for each in mail:
            if each.topic == TOPICS.decisions:
                self.conservation.add(wire.decode_decision(each.value or b""))
        faults = [*self.conservation.faults, *self.conservation.of_campaigns()]
        for user in self.conservation.users():
            packed = self.store.get(AGENDA.prefix + user.encode("utf-8", "surrogatepass"))
            faults += self.conservation.of_user(user, None if packed is None else AGENDA.decode(packed))
        assert not faults, faults

    def decisions(self) -> list[dict[str, Any]]:
        """Every decision so far, in order."""
        return [json.loads(mail.value or b"") for mail in self.sent if mail.topic == TOPICS.decisions]

    def _record(self, topic: str, key: str | None, value: bytes) -> MemoryRecord:
        offset = self._offsets.get(topic, -1) + 1
        self._offsets[topic] = offset
        record = MemoryRecord(
            topic, 0, offset, 1_700_000_000_000, None if key is None else key.encode(), value
        )
        if topic == TOPICS.events:
            self.log[offset] = record
        return record
