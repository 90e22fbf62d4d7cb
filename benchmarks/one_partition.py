"""One users partition in this process: records in, turns decided, state and timers in RocksDB. No Kafka.

What a worker spends on deciding and on its state, without the journal's and the relay's requests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from agents.users import Shared, UsersActor
from app.clock import SystemClock
from app.domain.catalog import make_plan
from app.domain.files.campaign import load
from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Campaign, Cap, Status
from app.domain.rules.plan import Catalog
from app.topics import Topics
from app.turns.deciding import Decider, Input, Work
from app.turns.ports import Store
from app.turns.state import State
from app.turns.timers import NEVER_MS, Timers
from app.turns.watermark import Watermark
from benchmarks.campaigns import as_yaml

TOPICS = Topics("bench", "bench-events")
A_FILE = 500


class Event(NamedTuple):
    """One record of `events`, as a consumer hands it over."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


class InForce:
    """Campaigns that are live from the start, and rules that stay."""

    def __init__(self, documents: list[dict[str, Any]]) -> None:
        campaigns = [
            each
            for start in range(0, len(documents), A_FILE)
            for each in _load(documents[start : start + A_FILE])
        ]
        plans = {(campaign.id, 1): make_plan(campaign, 1) for campaign in campaigns}
        self._catalog = Catalog(plans, {campaign.id: (Status.LIVE, 1) for campaign in campaigns})
        self._rules = AppRules(caps=(Cap(3),), stream_clock=True)

    async def until_current(self) -> int:
        """Always."""
        return NEVER_MS

    def at(self, _time_ms: int) -> tuple[Catalog, AppRules]:
        """The same at any time."""
        return self._catalog, self._rules


def _load(documents: list[dict[str, Any]]) -> Iterator[Campaign]:
    """The campaigns of one file. Raises ValueError for what is none."""
    for found in load(as_yaml(documents), app_zone="UTC", amplify_default=False):
        if not isinstance(found, Campaign):
            raise ValueError(f"not a campaign: {found}")
        yield found


class _Place:
    def __init__(self, number: int) -> None:
        self.number = number


class OnePartition:
    """Decides what it is given, turn by turn, and saves each turn as the relay does."""

    def __init__(self, store: Store, campaigns: InForce, number: int = 0) -> None:
        shared = Shared(
            TOPICS,
            campaigns,  # type: ignore[arg-type]
            SystemClock(),
            1,
            lambda _key: number,
            lambda _user, _partition: None,
            stream_clock=True,
        )
        self.store = store
        self.state = State(store, Timers(store))
        inputs = [Input(TOPICS.events, relayed=False)]
        actor = UsersActor(_Place(number), shared)  # type: ignore[arg-type]
        self._decider = Decider(actor, self.state, inputs, lambda _pairs: True)
        self._watermark = Watermark(b"", 0, 0, {}, {})
        self.journal_records = 0
        self.journal_bytes = 0
        self.messages = 0
        self.message_bytes = 0

    def take(self, records: Iterable[Event], turn_size: int) -> None:
        """Turns of so many records until none is left."""
        left = list(records)
        at = 0
        while at < len(left):
            at += self._turn(left[at : at + turn_size])

    def noted(self, topic: str, value: bytes) -> None:
        """A message that a turn sends; nobody wants to know, unless a subclass does."""

    @property
    def live_values(self) -> int:
        """How many values of users are decoded in memory."""
        return len(self.state._young) + len(self.state._old)

    def _turn(self, records: list[Event]) -> int:
        decided = self._decider.decide(Work((), records, None, 0), self._watermark)
        turn, pairs = decided.turn, decided.pairs
        self._watermark = turn.watermark
        self._decider.had_outbox = bool(turn.mail)
        number = turn.watermark.turn
        self.state.appended(number, decided.changes)
        committed, index = self.state.timers.commit()
        self.store.write([*pairs, *index])
        self.state.saved(number, decided.changes)
        self.state.timers.saved(committed, index)
        self.journal_records += len(pairs)
        self.journal_bytes += sum(len(key) + len(value or b"") for key, value in pairs)
        for mail in turn.mail:
            self.messages += 1
            self.message_bytes += len(mail.value or b"")
            self.noted(mail.topic, mail.value or b"")
        return decided.taken
