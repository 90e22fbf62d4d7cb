"""campaigns: lends each campaign's limits to the users partitions, and ends the campaign that has reached its total.

It also pauses the one that surges (tables/live_surges.py), and tells owners.

One partition knows all of a campaign's limits: what it has lent and what is used are never more than there is (C026).
One of them lends the tokens of the app's throttle to senders, too (C049).
"""

from __future__ import annotations

from typing import Any

from app import wire
from app.domain.model.alert import LimitReached
from app.domain.model.campaign import Limits, Status
from app.domain.model.quota import Quota
from app.domain.model.surge import Hour, Qualified
from app.domain.model.throttle import Ask, Lending
from app.domain.rules import quota as lending
from app.domain.rules import throttle as tokens
from app.domain.rules.quota import Letter
from app.topics import THROTTLE_KEY, Topics
from app.turns.actor import Read
from app.turns.mailbox import Mailbox
from app.turns.partition import Partition
from app.turns.turn import Turn
from tables.catalog import IN_FORCE_MS, CatalogReader
from tables.catalog_writer import Act, ended
from tables.live_surges import LiveSurges
from tables.quotas import LENDING, QUOTAS, TABLES
from tables.surges import HOURS, PASTS
from tables.surges import TABLES as SURGE_TABLES
from tables.telling_owners import tell_owner

ACTOR = "coordinator"
REACHED = "limit reached"
SOON_MS = 1_000
LATER_MS = 15_000
SENDING = frozenset({Status.SCHEDULED, Status.LIVE})


class CampaignsActor(Mailbox):
    """One partition of campaigns."""

    tables = (*TABLES, *SURGE_TABLES)

    def __init__(self, partition: Partition, topics: Topics, catalog: CatalogReader, partitions: int) -> None:
        super().__init__(partition, topics)
        self._catalog = catalog
        self._partitions = partitions
        self._turn: Turn | None = None
        self._touched: dict[bytes, Quota] = {}
        self._surges = LiveSurges(topics, catalog)

    async def prepare(self) -> int:
        """Which limits are in force is what the campaigns topic says."""
        return await self._catalog.until_current()

    def read(self, record: Any) -> Read:
        """What a users partition says, a sender, or the tally."""
        return Read(wire.decode_campaign_mail(record.value))

    def step(self, turn: Turn, record: Any, read: Read) -> None:
        """Take it in; it is answered once a turn, with what the others said."""
        if isinstance(read.message, Ask):
            self._throttle(turn, read.message)
        elif isinstance(read.message, Qualified):
            self._surges.note(turn, record.key, read.message)
        else:
            lending.note(self._live(turn, record.key), read.message)

    def due(self, turn: Turn, key: bytes, due_ms: int) -> None:
        """Look at the campaign: another version may have other limits, and somebody may have paused or ended it; or at
        the throttle: its next slice has begun; or whether a pause holds."""
        if key[:1] == LENDING.prefix:
            self._throttle(turn, None)
            return
        if key[:1] == HOURS.prefix:
            self._surges.due(turn, key[1:], due_ms)
            return
        quota = self._live(turn, key[1:])
        if quota.look_ms == due_ms:
            quota.look_ms = 0

    def abandon(self, turn: Turn, key: bytes, due_ms: int, why: str) -> None:
        """Looking failed: it is looked at again with the next mail."""
        if key[:1] == LENDING.prefix:
            known = turn.get(LENDING, THROTTLE_KEY) or Lending()
            known.look_ms = 0
            turn.put(LENDING, THROTTLE_KEY, known)
            return
        if key[:1] == HOURS.prefix:
            hour = turn.get(HOURS, key[1:]) or Hour()
            hour.look_ms = 0
            turn.put(HOURS, key[1:], hour)
            return
        quota = turn.get(QUOTAS, key[1:])
        if quota is not None:
            quota.look_ms = 0
            turn.put(QUOTAS, key[1:], quota)

    def _throttle(self, turn: Turn, ask: Ask | None) -> None:
        """Take in what a sender says, and lend what this slice of the interval has."""
        known = turn.get(LENDING, THROTTLE_KEY) or Lending()
        if ask is not None:
            tokens.note(known, ask)
        throttle = self._catalog.at(turn.now_ms)[1].throttle
        if throttle is None:
            known.wants.clear()
            known.look_ms = 0
        else:
            for letter in tokens.lend(known, throttle, turn.now_ms):
                grant, to = wire.encode_pack(letter.grant), letter.partition
                turn.send(self.topics.sends_mail(letter.transport), THROTTLE_KEY, grant, to)
            known.look_ms = tokens.look_again_ms(known, turn.now_ms)
        turn.put(LENDING, THROTTLE_KEY, known)

    def _live(self, turn: Turn, key: bytes) -> Quota:
        """A quota as this turn leaves it; put down once a turn."""
        if turn is not self._turn:
            self._turn, self._touched = turn, {}
        quota = self._touched.get(key)
        if quota is None:
            quota = self._touched[key] = turn.get(QUOTAS, key) or Quota()
        return quota

    def finish(self, turn: Turn) -> None:
        """Answer the users partitions of every campaign that this turn has heard of."""
        hours, pasts = self._surges.judge(turn)
        for key, hour in hours.items():
            turn.put(HOURS, key, hour)
        for key, past in pasts.items():
            turn.put(PASTS, key, past)
        if turn is not self._turn:
            return
        for key, quota in self._touched.items():
            self._answer(turn, key.decode(), quota)
            turn.put(QUOTAS, key, quota)

    def _answer(self, turn: Turn, campaign: str, quota: Quota) -> None:
        catalog, _ = self._catalog.at(turn.now_ms)
        status, _ = catalog.current.get(campaign, (Status.DRAFT, 0))
        plan = catalog.in_force(campaign)
        limits = None if plan is None or not plan.campaign.limits else plan.campaign.limits
        if status is Status.ENDED:
            letters = lending.send_away(campaign, quota, everybody=not quota.closed)
            quota.closed = True
        elif status in SENDING and limits is not None and limits.is_shared:
            letters = lending.lend(campaign, quota, limits, self._partitions)
        else:
            letters = lending.send_away(campaign, quota, everybody=False)
        for letter in letters:
            self._send(turn, campaign, letter)
        if limits is not None and status is not Status.ENDED:
            self._end_if_reached(turn, campaign, quota, limits)
        self._look_again(turn, quota)

    def _send(self, turn: Turn, campaign: str, letter: Letter) -> None:
        turn.send(self.topics.users_mail, campaign.encode(), wire.encode_pack(letter.loan), letter.partition)

    def _end_if_reached(self, turn: Turn, campaign: str, quota: Quota, limits: Limits) -> None:
        """Write that it has ended, again if need be: a command may have written at the same moment."""
        if not lending.is_reached(quota, limits) or turn.now_ms < quota.ended_ms + 2 * IN_FORCE_MS:
            return
        records = self._catalog.records
        if limits.total is not None:
            tell_owner(turn, self.topics, self._catalog, campaign, LimitReached(limits.total))
        quota.ended_ms = turn.now_ms
        if records.standings[campaign][0].current.status is Status.ENDED:
            return  # in force in a moment
        change = ended(records, campaign, Act(turn.now_ms, ACTOR, REACHED))
        for key, value in change.records:
            turn.send(self.topics.campaigns, key, value, 0)

    def _look_again(self, turn: Turn, quota: Quota) -> None:
        """Soon where somebody waits or it is about to end, later where nothing happens; never once it has ended."""
        if quota.closed:
            quota.look_ms = 0
            return
        is_soon = lending.is_wanted(quota) or quota.ended_ms
        look_ms = turn.now_ms + (SOON_MS if is_soon else LATER_MS)
        if not turn.now_ms < quota.look_ms <= look_ms:
            quota.look_ms = look_ms
