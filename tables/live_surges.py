"""The surge breaker (C161), a part of the coordinator: counts who qualifies, pauses a campaign, tells its owner.

The tally says how many more qualified, by mail that comes once and in order: the counts are exact through crashes.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.model.campaign import Status
from app.domain.model.reason import Reason
from app.domain.model.surge import Hour, Past, Qualified
from app.domain.rules import surge
from app.topics import Topics
from app.turns.turn import Turn
from tables.catalog import IN_FORCE_MS, CatalogReader, Records, history
from tables.catalog_writer import Act, paused
from tables.surges import HOURS, PASTS
from tables.telling_owners import tell_owner

ACTOR = "coordinator"
SENDING = frozenset({Status.SCHEDULED, Status.LIVE})
LOOK_MS = 1_000
WATCH_MS = 30_000  # by then whoever had not read of the pause has written what they were to write
SLACK_MS = 1_000


class LiveSurges:
    """The breaker of one partition of campaigns. What it has changed is put down by the actor, once a turn."""

    def __init__(self, topics: Topics, catalog: CatalogReader) -> None:
        self._topics = topics
        self._catalog = catalog
        self._turn: Turn | None = None
        self._hours: dict[bytes, Hour] = {}
        self._pasts: dict[bytes, Past] = {}

    def note(self, turn: Turn, key: bytes, mail: Qualified) -> None:
        """So many more qualified."""
        hour, past = self._live(turn, key), self._past(turn, key)
        for starts_ms, count in sorted(mail.hours.items()):
            if surge.note(hour, past, starts_ms, count):
                self._pasts[key] = past

    def due(self, turn: Turn, key: bytes, due_ms: int) -> None:
        """Look whether the pause holds."""
        hour = self._live(turn, key)
        if hour.look_ms == due_ms:
            hour.look_ms = 0

    def judge(self, turn: Turn) -> tuple[Mapping[bytes, Hour], Mapping[bytes, Past]]:
        """Judge every campaign that this turn has heard of: their hours, and the pasts that have changed."""
        if turn is not self._turn:
            return {}, {}
        for key, hour in self._hours.items():
            self._judge(turn, key.decode(), hour, self._past(turn, key))
        return self._hours, self._pasts

    def _past(self, turn: Turn, key: bytes) -> Past:
        return self._pasts.get(key) or turn.get(PASTS, key) or Past()

    def _live(self, turn: Turn, key: bytes) -> Hour:
        if turn is not self._turn:
            self._turn, self._hours, self._pasts = turn, {}, {}
        hour = self._hours.get(key)
        if hour is None:
            hour = self._hours[key] = turn.get(HOURS, key) or Hour()
        return hour

    def _judge(self, turn: Turn, campaign: str, hour: Hour, past: Past) -> None:
        records = self._catalog.records
        if campaign not in records.standings:
            return
        if hour.tripped_ms:
            self._see_to_it(turn, campaign, hour)
            return
        _, rules = self._catalog.at(turn.now_ms)
        standing = records.standings[campaign][0].current
        definition = records.definitions.get((campaign, standing.version))
        rule = None if definition is None else definition.campaign.surge
        if definition is None or rule is None or standing.status not in SENDING or rules.stream_clock:
            return
        found = surge.surged(rule, hour, past, surge.live_throughout(_spans(records, campaign)))
        if found is not None:
            hour.tripped_ms, hour.trips = turn.now_ms, hour.trips + 1
            of = f"{hour.starts_ms}/{hour.trips}"
            tell_owner(turn, self._topics, self._catalog, campaign, found, of)
            self._pause(turn, campaign, hour)

    def _see_to_it(self, turn: Turn, campaign: str, hour: Hour) -> None:
        """Until the topic has the pause, somebody may have written over it unread; afterwards, whether it is resumed.

        What qualifies before it is resumed is part of the same surge.
        """
        hour.set_aside = hour.count
        records = self._catalog.records
        status = records.standings[campaign][0].current.status
        if _has_paused(records, campaign, hour.tripped_ms):
            is_young = turn.now_ms < hour.tripped_ms + WATCH_MS
            hour.look_ms = turn.now_ms + LOOK_MS if is_young else 0
            if status in SENDING:
                hour.look_ms = hour.tripped_ms = 0
        elif status not in SENDING:
            hour.look_ms = hour.tripped_ms = 0  # somebody else has paused or ended it
        elif turn.now_ms >= hour.said_ms + 2 * IN_FORCE_MS:
            self._pause(turn, campaign, hour)
        else:
            hour.look_ms = max(hour.look_ms, turn.now_ms + LOOK_MS)

    def _pause(self, turn: Turn, campaign: str, hour: Hour) -> None:
        change = paused(self._catalog.records, campaign, Act(turn.now_ms, ACTOR, Reason.SURGE.value))
        for key, value in change.records:
            turn.send(self._topics.campaigns, key, value, 0)
        hour.said_ms, hour.look_ms = turn.now_ms, turn.now_ms + LOOK_MS


def _spans(records: Records, campaign: str) -> list[tuple[int, bool]]:
    standings, time_ms = records.standings[campaign]
    return [(since_ms, standing.status in SENDING) for since_ms, standing in history(standings, time_ms)]


def _has_paused(records: Records, campaign: str, tripped_ms: int) -> bool:
    """Does the topic have a pause of ours since then? A later standing carries it, if its writer had read it."""
    standings, time_ms = records.standings[campaign]
    return any(
        since_ms >= tripped_ms - SLACK_MS and standing.status is Status.PAUSED and standing.actor == ACTOR
        for since_ms, standing in history(standings, time_ms)
    )
