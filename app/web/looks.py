"""Looking things up for pages and API alike: here where this worker has them, else at the worker that does."""

from __future__ import annotations

import asyncio
import contextlib
from operator import attrgetter
from typing import NamedTuple
from urllib.parse import quote

import msgspec
from aiohttp import web
from aiokafka.errors import KafkaError
from msgspec import Struct

from app.domain.model.decision import Decision
from app.domain.model.push import InboxItem
from app.turns.actor import Time
from app.turns.partition import Partition
from app.turns.state import State
from app.web import campaigns, explained, people
from app.web.answers import Problem, not_found, not_now
from app.web.campaigns import CampaignView, VersionView
from app.web.decisions import Decisions
from app.web.ends import Ends
from app.web.events import Events
from app.web.explained import ExplainedView
from app.web.inside import Inside
from app.web.owner import Owners, user_key
from app.web.partitions import PartitionView, percent_of, views
from app.web.searching import Search
from app.web.told import Told, tell_all
from tables.stats import OF_CAMPAIGN, Latest
from tables.stats_tail import StatsTail

LATEST = 32
LATEST_OF_PARTITION = 12
CATALOG_S = 2.0

_decode_partitions = msgspec.json.Decoder(list[PartitionView]).decode
_decode_told = msgspec.json.Decoder(list[Told]).decode


class Readers(NamedTuple):
    """What reads Kafka and asks other workers on behalf of the views."""

    ends: Ends
    decisions: Decisions
    stats: StatsTail
    owners: Owners
    events: Events
    search: Search


class LatestFound(Struct, frozen=True):
    """A campaign's last decisions, and how many of the workers said theirs."""

    decisions: list[Told]
    answered: int
    workers: int


class WorkerFound(Struct, frozen=True):
    """A worker and its partitions; None where it did not say."""

    url: str
    partitions: list[PartitionView] | None


class Looks:
    """The look-ups of one worker."""

    def __init__(self, inside: Inside, readers: Readers) -> None:
        self._inside = inside
        self._readers = readers

    # --- users ---------------------------------------------------------------------------------------------

    async def elsewhere(self, request: web.Request, user: str) -> web.Response | None:
        """The answer of the worker that owns this user; None where that is this one. Raises Problem."""
        place = self._readers.owners.place_of(user)
        if place in self._inside.hosts["users"].partitions:
            return None
        return await self._readers.owners.pass_on(request, place)

    async def user(self, user: str) -> people.UserView:
        """A user of this worker. Raises Problem."""
        place, key = self._readers.owners.place_of(user), user_key(user)
        partition, state = self._state("users", place)
        now_ms = self._now_ms(partition)
        _, rules = self._inside.catalog.at(self._inside.clock.now_ms())
        found = people.look(state, user, key, place, now_ms, rules)
        if found is None:
            raise not_found(f"nothing is known of a user {user!r}")
        return msgspec.structs.replace(found, decisions=await self._decisions_of(place, key))

    def inbox(self, user: str) -> list[InboxItem]:
        """What has not expired in the inbox of a user of this worker. Raises Problem."""
        place = self._readers.owners.place_of(user)
        now_ms = self._now_ms(self._state("users", place)[0])
        items = people.inbox_of(self._state("inbox", place)[1], user_key(user))
        return [item for item in items if item.expires_ms > now_ms]

    async def explain(self, user: str, campaign: str) -> ExplainedView:
        """Why a campaign was or was not sent to a user of this worker. Raises Problem."""
        await self._refresh()
        place, key = self._readers.owners.place_of(user), user_key(user)
        partition, state = self._state("users", place)
        found = explained.user_of(state, user, key)
        if found is None:
            raise not_found(
                f"nothing is known of a user {user!r}: no event of theirs has come, and nothing was sent to them"
            )
        offsets = list(found.activity.recent_offsets)
        events = await self._readers.events.at(place, offsets)
        decided, searched = await self._decided_further_back(place, key)
        sources = explained.Sources(
            events, len(offsets), decided, searched, explained.lease_of(state, campaign)
        )
        view = explained.view(found, campaign, sources, self._inside.catalog, self._now_ms(partition))
        if view is None:
            raise self._unknown_campaign(campaign)
        return view

    async def _decided_further_back(self, place: int, key: bytes) -> tuple[list[Decision] | None, str]:
        """Also what stands before the last ones, as far as a look back may go; and how far that was."""
        decided = await self._decided_on(place, key)
        offsets = [] if decided is None else self._offsets_on(place, key)
        if decided is None or len(offsets) < LATEST:
            return decided, ""
        found = await self._readers.search.before(place, min(offsets), key)
        known = {decision.id for decision in decided}
        older = [decision for decision in found.decisions if decision.id not in known]
        return [*decided, *older], found.sentence(len(offsets))

    def _unknown_campaign(self, campaign: str) -> Problem:
        if campaign in self._inside.catalog.records.standings:
            return not_now(f"the campaign {campaign!r} is not in force yet")
        return not_found(f"there is no campaign {campaign!r}")

    async def _decisions_of(self, place: int, key: bytes) -> tuple[Told, ...] | None:
        found = await self._decided_on(place, key)
        return None if found is None else tuple(tell_all(found))

    async def _decided_on(self, place: int, key: bytes) -> list[Decision] | None:
        """The last decisions on a user, the last on top; None where they cannot be read at the moment."""
        try:
            return await self._readers.decisions.at(place, self._offsets_on(place, key))
        except Problem:
            return None

    def _offsets_on(self, place: int, key: bytes) -> list[int]:
        """Where the last decisions on a user stand. Raises Problem."""
        return people.offsets_of(self._state("tally", place)[1], key)

    def _state(self, actor: str, place: int) -> tuple[Partition, State]:
        partition = self._inside.hosts[actor].partitions.get(place)
        if partition is None:
            raise not_now(f"partition {place} of {actor} has left this worker")
        if partition.state is None:
            percent = percent_of(partition)
            doing = "is opening" if percent is None else f"is restoring, {percent} % so far"
            raise not_now(f"partition {place} of {actor} {doing}")
        return partition, partition.state

    def _now_ms(self, partition: Partition) -> int:
        is_stream = partition.actor.time is Time.STREAM
        return partition.watermark.stream_ms if is_stream else self._inside.clock.now_ms()

    # --- campaigns -----------------------------------------------------------------------------------------

    async def campaigns(self) -> list[CampaignView]:
        """Every campaign."""
        await self._refresh()
        return campaigns.all_of(self._inside.catalog.records, self._readers.stats.sums())

    async def campaign(self, campaign: str) -> CampaignView:
        """One campaign. Raises Problem."""
        await self._refresh()
        found = campaigns.one_of(campaign, self._inside.catalog.records, self._readers.stats.sums())
        if found is None:
            raise not_found(f"there is no campaign {campaign!r}")
        return found

    def versions(self, campaign: str) -> list[VersionView]:
        """Its versions, newest first."""
        return campaigns.versions_of(campaign, self._inside.catalog.records)

    async def latest_here(self, campaign: str) -> list[Told]:
        """Its last decisions in the partitions of this worker. Raises Problem."""
        told: list[Told] = []
        for place, offsets in self._offsets_of(campaign).items():
            told += tell_all(await self._readers.decisions.at(place, offsets))
        return _newest(told)

    async def latest(self, campaign: str) -> LatestFound:
        """Its last decisions over the cluster. Raises Problem."""
        path = f"/api/v1/campaigns/{quote(campaign, safe='')}/decisions"
        told, others = await asyncio.gather(self.latest_here(campaign), self._readers.owners.gather(path))
        for answer in others.values():
            told += [] if answer is None else _decode_told(answer)
        answered = 1 + sum(answer is not None for answer in others.values())
        return LatestFound(_newest(told), answered, 1 + len(others))

    def _offsets_of(self, campaign: str) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for place, partition in self._inside.hosts["tally"].partitions.items():
            state = partition.state
            if state is not None:
                latest: Latest | None = state.find(OF_CAMPAIGN, OF_CAMPAIGN.prefix + campaign.encode()).value
                found[place] = [] if latest is None else latest.offsets[-LATEST_OF_PARTITION:]
        return found

    async def _refresh(self) -> None:
        """What the catalog knows is shown as it is where Kafka does not answer."""
        with contextlib.suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(CATALOG_S):
                await self._inside.catalog.refresh()

    # --- the cluster ---------------------------------------------------------------------------------------

    async def partitions(self) -> list[PartitionView]:
        """Every partition of this worker. Raises Problem."""
        return await views(self._inside, self._readers.ends)

    async def workers(self) -> list[WorkerFound]:
        """Every worker of the group, this one first."""
        owners = self._readers.owners
        own, others = await asyncio.gather(self._own_partitions(), owners.gather("/api/v1/partitions"))
        found = [WorkerFound(owners.own_url, own)]
        for url, answer in others.items():
            found.append(WorkerFound(url, None if answer is None else _decode_partitions(answer)))
        return found

    async def _own_partitions(self) -> list[PartitionView] | None:
        try:
            return await self.partitions()
        except Problem:
            return None


def _newest(told: list[Told]) -> list[Told]:
    """The newest ones, the last on top."""
    return sorted(told, key=attrgetter("at"), reverse=True)[:LATEST]
