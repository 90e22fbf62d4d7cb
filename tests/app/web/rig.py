"""A small worker in memory: real states over stores in memory, a real Faust app that is not started, no Kafka."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from aiohttp import web

from app.domain.catalog import make_plan
from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Cap
from app.domain.model.decision import Decision
from app.domain.model.event import Event
from app.domain.rules.plan import Catalog
from app.engine import make_engine
from app.settings import Settings, load_settings
from app.topics import Topics
from app.turns.actor import Time
from app.turns.figures import Figures
from app.turns.ports import Phase
from app.turns.queue import Queue
from app.turns.state import State
from app.turns.table import Table
from app.turns.timers import Timers
from app.turns.turn import Turn
from app.turns.watermark import Watermark
from app.web.answers import not_now
from app.web.decisions import Decisions, decode
from app.web.ends import Ends
from app.web.events import Events, Placed
from app.web.looks import Readers
from app.web.owner import Owners
from app.web.searching import Found, Search
from app.web.site import build
from app.wire import EventReader
from tables import inbox, ledger, stats, users
from tables.catalog import Records
from tables.stats_tail import StatsTail
from tests.app.turns.memory import MemoryRecord, MemoryStore, SetClock

EVENT_MS = 1_700_000_000_000
URL = "http://127.0.0.1:6066"
TABLES: dict[str, Sequence[Table[Any]]] = {
    "users": users.TABLES,
    "fcm": ledger.TABLES,
    "inbox": inbox.TABLES,
    "tally": stats.TABLES,
}


class FixedEnds(Ends):
    """Says where topics end without asking; `ends` None: Kafka is away."""

    def __init__(self) -> None:
        super().__init__("")
        self.ends: dict[tuple[str, int], int] | None = {}

    async def of(self, places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
        if self.ends is None:
            raise not_now("Kafka did not say where its topics end")
        return {place: self.ends.get(place, 0) for place in places}


class KeptDecisions(Decisions):
    """Decisions from a list; None: Kafka is away."""

    def __init__(self) -> None:
        super().__init__("", "")
        self.kept: list[bytes] | None = []

    async def at(self, partition: int, offsets: Sequence[int]) -> list[Decision]:
        if self.kept is None:
            raise not_now("Kafka did not give the decisions")
        return decode([self.kept[offset] for offset in offsets])


class KeptSearch(Search):
    """Finds what a test lets it find; `asked`: before which offsets."""

    def __init__(self) -> None:
        super().__init__("", "")
        self.found = Found()
        self.asked: list[int] = []

    async def before(self, partition: int, offset: int, key: bytes) -> Found:
        self.asked.append(offset)
        return self.found


class KeptEvents(Events):
    """Events from a list of Segment-spec messages; None: Kafka is away."""

    def __init__(self) -> None:
        super().__init__("", "")
        self.kept: list[dict[str, Any]] | None = []

    async def at(self, partition: int, offsets: Sequence[int]) -> list[Placed]:
        if self.kept is None:
            raise not_now("Kafka did not give the events")
        reader, found = EventReader(), []
        for offset in sorted(set(offsets)):
            if offset < len(self.kept):
                message = self.kept[offset]
                value = json.dumps(message).encode()
                record = MemoryRecord("events", partition, offset, EVENT_MS, b"k", value)
                event = reader.read(record, None)
                assert isinstance(event, Event)
                found.append(Placed(offset, event))
        return found


class StillStats(StatsTail):
    """Knows only what a test lets it take."""

    def __init__(self) -> None:
        super().__init__("", "stats", 1)
        self.is_current = True

    async def run(self) -> None:
        """Nothing to read."""


class StillCatalog:
    """The catalog as a test fills it."""

    def __init__(self) -> None:
        self.records = Records()
        self.read_ms = 1
        self.rules = AppRules(zone="Europe/Paris", caps=(Cap(3), Cap(5, 604_800_000)))

    async def refresh(self) -> None:
        """It is current."""

    def at(self, _time_ms: int) -> tuple[Catalog, AppRules]:
        plans = {key: make_plan(found.campaign, key[1]) for key, found in self.records.definitions.items()}
        current = {
            campaign: (standings.current.status, standings.current.version)
            for campaign, (standings, _) in self.records.standings.items()
        }
        return Catalog(plans, current), self.rules


class FixedPartition:
    """One partition: a real state, and whatever else a test says of it."""

    def __init__(self, actor: str, number: int, clock: SetClock) -> None:
        store = MemoryStore()
        self.number = number
        self.phase = Phase.READY
        self.progress = SimpleNamespace(start=0, at=0, end=0, restoring=False)
        self.watermark = Watermark(b"", 7, 0, {}, {})
        self.turns, self.records, self.refusals, self.queued, self.results_waiting = 3, 40, 0, 0, 0
        self.rebuilds = 0
        self.trouble: str | None = None
        self.state: State | None = State(store, Timers(store))
        self.figures = Figures()
        self.waiting = Queue(number, cast(Any, None))
        self.actor = SimpleNamespace(time=Time.WALL, tables=TABLES[actor], in_flight=0)
        self._clock = clock

    @property
    def standing(self) -> tuple[Queue, None, bool]:
        return self.waiting, None, False

    def next_offset(self, topic: str) -> int:
        return self.watermark.inputs.get(topic, -1) + 1

    def reached(self, topic: str) -> int:
        return self.next_offset(topic)

    def keep(self, table: Table[Any], key: bytes, value: Any) -> None:
        """Put a value into the state, as a turn would."""
        assert self.state is not None
        turn = Turn(self.state, self.watermark, self._clock.now_ms())
        turn.put(table, key, value)
        _, index = self.state.timers.commit()
        self.state.store.write([*turn.changes(), *index])

    def restore(self, at: int, end: int) -> None:
        """Be in the middle of a restore."""
        self.phase, self.state = Phase.OPENING, None
        self.progress = SimpleNamespace(start=0, at=at, end=end, restoring=True)


class Rig:
    """Everything that `register` wants of a worker."""

    def __init__(self, folder: Path, partitions: Iterable[int] = (0,), count: int = 1) -> None:
        document = folder / "carillon.yaml"
        document.write_text(f"partitions: {count}\n", encoding="utf-8")
        names = {"CARILLON_SETTINGS": str(document), "CARILLON_DATA": str(folder)}
        self.settings: Settings = load_settings(names)
        self.topics = Topics(self.settings.app, self.settings.events)
        self.clock = SetClock()
        self.engine: Any = make_engine(self.settings)
        self.catalog: Any = StillCatalog()
        self.misplaced: str | None = None
        self.unreachable: str | None = None
        self.out_of_range: dict[str, str] = {}
        self.machine_ahead_ms = 250
        self.watcher: Any = SimpleNamespace(broker_there=True, gave_up=None, loop_late_s=0.25)
        self.parts = {
            (actor, number): FixedPartition(actor, number, self.clock)
            for actor in TABLES
            for number in partitions
        }
        inputs = {"users": self.topics.events, "fcm": self.topics.sends("fcm"), "inbox": self.topics.inbox,
                  "tally": self.topics.decisions}  # fmt: skip
        self.hosts: Any = {
            actor: SimpleNamespace(
                name=actor,
                topics=(inputs[actor],),
                partitions={number: part for (known, number), part in self.parts.items() if known == actor},
            )
            for actor in TABLES
        }
        self.ends, self.decisions, self.stats = FixedEnds(), KeptDecisions(), StillStats()
        self.events = KeptEvents()
        self.own({URL: {self.topics.events: sorted(partitions)}})

    def own(self, told: dict[str, dict[str, list[int]]]) -> None:
        """What the last assignment says of who has what."""
        self.engine.assignor.external_topic_distribution = told

    def application(self) -> web.Application:
        """The web application that Faust would serve."""
        self.search = KeptSearch()
        build(self, Readers(self.ends, self.decisions, self.stats, Owners(self), self.events, self.search))
        return cast(web.Application, self.engine.web.web_app)
