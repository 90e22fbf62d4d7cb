"""The campaigns topic, read whole by every worker: definitions, statuses, and the settings that decide.

Keys: `id@version` -> Definition, immutable; `id` -> Standing; `@settings` -> Rules; `segment/…` (saved_segments.py);
`alert/…` (alert_notes.py).
Under the wall clock a record is in force two seconds after the broker took it, so that every worker has read it by
then; under a stream clock from the start. Each record carries what it replaces, with its time: compaction takes nothing
away that a backlog still needs.
"""

from __future__ import annotations

import asyncio
import bisect
import contextlib
import logging
from collections.abc import Mapping
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from msgspec import Struct

from app.domain.catalog import make_plan
from app.domain.model.app_rules import AppRules, Throttle
from app.domain.model.campaign import Campaign, Status
from app.domain.model.reason import Reason
from app.domain.rules.counting import Asked, Counted
from app.domain.rules.plan import Catalog, Plan
from app.turns.ports import Clock
from tables import alert_notes, saved_segments
from tables.alert_notes import AlertNotes
from tables.saved_segments import SavedSegments

logger = logging.getLogger(__name__)

IN_FORCE_MS = 2000
SETTINGS_KEY = b"@settings"
HISTORY = 50
SLOWEST_MS = 10_000  # a topic that takes longer to read is as good as out of reach
AGAIN_S = 0.5
NEVER_MS = 1 << 63
KEEP_S = 0.4


class Definition(Struct, frozen=True):
    """One version of a campaign, and the file that it came from."""

    campaign: Campaign
    text: str
    created_ms: int


class Standing(Struct, frozen=True, array_like=True):
    """The status of a campaign and its version in force. `since_ms`: when the broker took it, known to the next one."""

    status: Status
    version: int
    reason: str | None = None
    actor: str | None = None
    since_ms: int | None = None


class Standings(Struct, frozen=True):
    """The current standing, and those before it, oldest first."""

    current: Standing
    before: tuple[Standing, ...] = ()


class Rules(Struct, frozen=True):
    """The settings that decide, as published by `setup` and `campaign apply`, and those before, with their times.

    `events_id`: the id of the topic of events that users' state rests on; empty where it is not known.
    """

    current: AppRules
    settings: str = "{}"
    partitions: int = 0
    before: tuple[tuple[int, AppRules], ...] = ()
    events_id: str = ""


decode_definition = msgspec.msgpack.Decoder(Definition).decode
decode_standings = msgspec.msgpack.Decoder(Standings).decode
decode_rules = msgspec.msgpack.Decoder(Rules).decode


class Records:
    """The latest record of every key of the campaigns topic, with the broker's time of each.

    `overruled`: ended campaigns whose latest record says something else, which is to be put right.
    """

    def __init__(self) -> None:
        self.definitions: dict[tuple[str, int], Definition] = {}
        self.defined_ms: dict[tuple[str, int], int] = {}
        self.segments = SavedSegments()
        self.alerts = AlertNotes()
        self.standings: dict[str, tuple[Standings, int]] = {}
        self.rules: tuple[Rules, int] | None = None
        self.overruled: set[str] = set()

    def take(self, key: bytes, value: bytes | None, time_ms: int) -> None:
        """Take one record in."""
        name = key.decode()
        if key == SETTINGS_KEY:
            self.rules = None if value is None else (decode_rules(value), time_ms)
        elif name.startswith(saved_segments.PREFIX):
            self.segments.take(name, value, time_ms)
        elif name.startswith(alert_notes.PREFIX):
            self.alerts.take(name, value)
        elif "@" in name:
            campaign, _, version = name.partition("@")
            if value is None:
                self.definitions.pop((campaign, int(version)), None)
            else:
                self.definitions[campaign, int(version)] = decode_definition(value)
                self.defined_ms[campaign, int(version)] = time_ms
        elif value is None:
            self.standings.pop(name, None)
        else:
            self._take_standing(name, decode_standings(value), time_ms)

    def _take_standing(self, campaign: str, standings: Standings, time_ms: int) -> None:
        """An end is final: what was written by somebody who had not read of it yet does not undo it."""
        known = self.standings.get(campaign)
        if known is None or known[0].current.status is not Status.ENDED:
            self.standings[campaign] = (standings, time_ms)
        elif standings.current.status is Status.ENDED:
            self.overruled.discard(campaign)
        else:
            self.overruled.add(campaign)

    def newest(self, campaign: str) -> int:
        """The highest version of a campaign; 0 where there is none."""
        return max((version for known, version in self.definitions if known == campaign), default=0)


def counted(records: Records, plans: Mapping[tuple[str, int], Plan], in_force_ms: int) -> Counted:
    """What is counted of users: whatever a version of a campaign that has not ended, or a saved segment, asks about.

    A version asks from the time at which it is in force; until then nobody may have counted.
    """
    asked = list(records.segments.asked(in_force_ms))
    for (campaign, version), plan in plans.items():
        if plan.who.dids:
            known = records.standings.get(campaign)
            is_over = known is not None and known[0].current.status is Status.ENDED
            until_ms = known[1] + in_force_ms if known is not None and is_over else None
            from_ms = records.defined_ms[campaign, version] + in_force_ms
            asked += [Asked(did, from_ms, until_ms) for did in plan.who.dids]
    return Counted(asked)


class CatalogReader:
    """Keeps the catalog current. `at(time)` is what was in force then; `refresh` reads the topic to its end."""

    def __init__(self, bootstrap: str, topic: str, clock: Clock, *, stream_clock: bool) -> None:
        self.records = Records()
        self.read_ms = 0
        self._bootstrap = bootstrap
        self._consumer: Any = None
        self._asker: Any = None
        self._keeping: asyncio.Task[None] | None = None
        self._place = TopicPartition(topic, 0)
        self._clock = clock
        self._stream_clock = stream_clock
        self._position = 0
        self._reading: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None
        self._plans: dict[tuple[str, int], Plan] = {}
        self._bounds: list[int] = [0]
        self._moments: list[tuple[Catalog, AppRules] | None] = [(Catalog({}, {}), AppRules())]
        self._stale = True
        self._counted = Counted()
        self._newest: tuple[Catalog, AppRules] = (Catalog({}, {}), AppRules())
        self._newest_from_ms = NEVER_MS

    async def start(self) -> None:
        """Connect and read everything."""
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap, group_id=None, enable_auto_commit=False, fetch_max_wait_ms=50
        )
        # A client of its own for the end: a request behind a waiting fetch on one connection is answered after it.
        self._asker = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap, group_id=None, enable_auto_commit=False
        )
        await self._asker.start()
        await self._consumer.start()
        self._consumer.assign([self._place])
        self._consumer.seek(self._place, 0)
        await self.refresh()
        if not self._stream_clock:
            self._keeping = asyncio.create_task(self._keep_current())

    async def _keep_current(self) -> None:
        """Read often enough that no turn has to wait for it."""
        while True:
            await asyncio.sleep(KEEP_S)
            with contextlib.suppress(KafkaError):
                await self.refresh()

    async def stop(self) -> None:
        """Let go of the connection."""
        for task in (self._keeping, self._reading, self._next):
            if task is not None:
                task.cancel()
        if self._consumer is not None:
            await self._consumer.stop()
            await self._asker.stop()

    async def refresh(self) -> None:
        """Read to an end that is asked for after this call; calls meanwhile share the next reading."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.ensure_future(self._read())
            await asyncio.shield(self._reading)
            return
        if self._next is None or self._next.done():
            self._next = asyncio.ensure_future(self._after(self._reading))
        await asyncio.shield(self._next)

    async def _after(self, running: asyncio.Task[None]) -> None:
        await asyncio.wait({running})
        self._next = None  # who asks from here on needs a later end than the one that is asked for now
        self._reading = asyncio.ensure_future(self._read())
        await self._reading

    async def until_current(self) -> int:
        """Wait until a decision may rely on the catalog; the latest time that it may be timed at.

        Nothing is timed later than what is known: a record counts 2 s after it was written, of which one is for clocks
        that differ. On a link so slow that reading takes longer, decisions are timed that much earlier (0043).
        """
        if self._stream_clock:
            await self._refresh_at_last()
            return NEVER_MS
        age_ms = self._clock.now_ms() - self.read_ms
        while age_ms > IN_FORCE_MS // 2:
            await self._refresh_at_last()
            age_ms = self._clock.now_ms() - self.read_ms
            if age_ms <= SLOWEST_MS:
                break
            logger.warning(
                "the campaigns topic took %d s to read, nothing is decided meanwhile", age_ms // 1000
            )
        return self.read_ms + IN_FORCE_MS // 2

    async def _refresh_at_last(self) -> None:
        while True:
            try:
                return await self.refresh()
            except KafkaError as error:
                logger.warning("the campaigns topic cannot be read, nothing is decided meanwhile: %r", error)
                await asyncio.sleep(AGAIN_S)

    async def throttle(self) -> Throttle | None:
        """The one that is in force now, for senders, who live by the wall clock whatever the users' clock is."""
        latest_ms = NEVER_MS if self._stream_clock else await self.until_current()
        return self.at(min(self._clock.now_ms(), latest_ms))[1].throttle

    async def _read(self) -> None:
        asked_ms = self._clock.now_ms()
        end = (await self._asker.end_offsets([self._place]))[self._place]
        while self._position < end:
            for record in (await self._consumer.getmany(self._place, timeout_ms=500)).get(self._place, ()):
                self._take(record)
            self._position = await self._consumer.position(self._place)
        self.read_ms = asked_ms

    def _take(self, record: Any) -> None:
        try:
            self.records.take(record.key, record.value, record.timestamp)
        except (msgspec.MsgspecError, ValueError) as error:
            logger.error("campaigns topic, offset %d: not readable: %s", record.offset, error)
        self._stale = True
        self._newest_from_ms = NEVER_MS

    def at(self, time_ms: int) -> tuple[Catalog, AppRules]:
        """What was in force at this time; under a stream clock what is in force at all."""
        if time_ms >= self._newest_from_ms:
            return self._newest
        if self._stale:
            self._rebuild()
        place = (
            len(self._bounds) - 1 if self._stream_clock else bisect.bisect_right(self._bounds, time_ms) - 1
        )
        moment = self._moments[max(place, 0)]
        if moment is None:
            moment = self._moments[place] = self._make(self._bounds[place])
        if place == len(self._bounds) - 1:
            self._newest, self._newest_from_ms = moment, 0 if self._stream_clock else self._bounds[-1]
        return moment

    def _rebuild(self) -> None:
        known = self.records.definitions
        for key in known.keys() - self._plans.keys():
            self._plans[key] = make_plan(known[key].campaign, key[1])
        for key in self._plans.keys() - known.keys():
            del self._plans[key]
        bounds = {0}
        for standings, time_ms in self.records.standings.values():
            bounds.update(since + IN_FORCE_MS for since, _ in history(standings, time_ms))
        if self.records.rules is not None:
            rules, time_ms = self.records.rules
            bounds.update(since + IN_FORCE_MS for since, _ in (*rules.before, (time_ms, rules.current)))
        bounds.update(time_ms + IN_FORCE_MS for time_ms in self.records.segments.times())
        self._counted = self._count()
        self._bounds = sorted(bounds)
        self._moments = [None] * len(self._bounds)
        self._stale = False

    def _make(self, bound_ms: int) -> tuple[Catalog, AppRules]:
        latest_ms = bound_ms - IN_FORCE_MS
        current: dict[str, tuple[Status, int]] = {}
        surging = set()
        for campaign, (standings, time_ms) in self.records.standings.items():
            known = [
                s for since, s in history(standings, time_ms) if self._stream_clock or since <= latest_ms
            ]
            if known:
                current[campaign] = (known[-1].status, known[-1].version)
                if known[-1].status is Status.PAUSED and known[-1].reason == Reason.SURGE:
                    surging.add(campaign)
        segments = self.records.segments.at(None if self._stream_clock else latest_ms)
        catalog = Catalog(dict(self._plans), current, segments, self._counted, frozenset(surging))
        return catalog, self._rules(latest_ms)

    def _count(self) -> Counted:
        """Under a stream clock everything is in force from the start, and so is everything counted."""
        found = counted(self.records, self._plans, IN_FORCE_MS)
        return Counted(Asked(each) for each in found.asked) if self._stream_clock else found

    def _rules(self, latest_ms: int) -> AppRules:
        if self.records.rules is None:
            return AppRules(stream_clock=self._stream_clock)
        rules, time_ms = self.records.rules
        history = (*rules.before, (time_ms, rules.current))
        known = [r for since, r in history if self._stream_clock or since <= latest_ms] or [history[0][1]]
        return msgspec.structs.replace(known[-1], stream_clock=self._stream_clock)


def history(standings: Standings, time_ms: int) -> list[tuple[int, Standing]]:
    """Every known (since_ms, standing), oldest first."""
    return [*((s.since_ms or 0, s) for s in standings.before), (time_ms, standings.current)]
