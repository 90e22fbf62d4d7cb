"""What the campaigns topic gets when an operator acts: old records in, new records out; and who sends them.

Every new standing carries those it replaces, each with the time of its record, so that compaction loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec
from aiokafka import AIOKafkaProducer

from app.domain.model.campaign import Campaign, Segment, Status
from app.domain.model.condition import Condition
from app.domain.rules.segments import cycle_from, unknown
from tables import saved_segments
from tables.catalog import HISTORY, Definition, Records, Standing, Standings
from tables.saved_segments import SegmentDefinition

SCHEDULED = frozenset({Status.SCHEDULED, Status.LIVE})


class TransitionError(Exception):
    """The campaign's status does not allow this; the message says what would."""


class UnknownCampaignError(Exception):
    """There is no campaign of that id."""


class ReferenceProblems(Exception):
    """Conditions name segments that are not there, or that lead back to themselves. Has every problem."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Act(NamedTuple):
    """Who changes something, when by the clock on the wall, and why."""

    now_ms: int
    actor: str | None = None
    reason: str | None = None


class Change(NamedTuple):
    """What becomes of one campaign; without records nothing changes."""

    campaign: str
    version: int
    status: Status
    records: tuple[tuple[bytes, bytes], ...] = ()


class SegmentChange(NamedTuple):
    """What becomes of one saved segment; without records nothing changes."""

    segment: str
    version: int
    records: tuple[tuple[bytes, bytes], ...] = ()


def applied(records: Records, campaign: Campaign, text: str, act: Act, *, schedule: bool = False) -> Change:
    """Make or change a campaign (C157): an equal definition keeps its version, another one gets the next.

    Raises TransitionError where the campaign has ended and would change.
    """
    newest = records.newest(campaign.id)
    is_new = newest == 0 or _differ(records.definitions[campaign.id, newest].campaign, campaign)
    version = newest + is_new
    status = _status(records, campaign.id)
    wanted = _scheduled(status, campaign, act.now_ms) if schedule else status
    if status is Status.ENDED and (is_new or schedule):
        raise TransitionError(
            f"{campaign.id} has ended, and nothing changes it any more. Apply it under another id."
        )
    change = _standing(records, campaign.id, version, wanted, act)
    if not is_new:
        return change
    definition = msgspec.msgpack.encode(Definition(campaign, text, act.now_ms))
    return change._replace(records=((f"{campaign.id}@{version}".encode(), definition), *change.records))


def saved(records: Records, segment: Segment, text: str, act: Act) -> SegmentChange:
    """Save a segment under its name: an equal one keeps its version, another one gets the next (C007)."""
    known = records.segments.newest(segment.name)
    if known is not None and not _differ(known[1].segment, segment):
        return SegmentChange(segment.name, known[0])
    version = 1 if known is None else known[0] + 1
    key = f"{saved_segments.PREFIX}{segment.name}@{version}".encode()
    value = msgspec.msgpack.encode(SegmentDefinition(segment, text, act.now_ms))
    return SegmentChange(segment.name, version, ((key, value),))


def refuse_references(records: Records, campaigns: Iterable[Campaign], segments: Iterable[Segment]) -> None:
    """Every segment that is named must be there, and none may lead back to itself. Raises ReferenceProblems."""
    given = {each.name: each.who for each in segments}
    known: dict[str, Condition] = records.segments.conditions() | given
    asking = {f"campaign {each.id}": each.who for each in campaigns}
    asking |= {f"segment {name}": who for name, who in given.items()}
    problems = [f"{who}: {each}" for who, condition in asking.items() for each in unknown(condition, known)]
    for name in given:
        way = cycle_from(name, known)
        if way is not None:
            problems.append(f"segment {name}: refers to itself: {' -> '.join(way)}")
    if problems:
        raise ReferenceProblems(problems)


def scheduled(records: Records, campaign: str, act: Act) -> Change:
    """From now on it may send: live, or scheduled where its start is to come. Raises TransitionError."""
    current = in_force(records, campaign)
    if current.status is Status.ENDED:
        raise TransitionError(f"{campaign} has ended and cannot be scheduled. Apply it under another id.")
    if current.status is Status.PAUSED:
        raise TransitionError(f"{campaign} is paused. `campaign resume {campaign}` lets it go on.")
    definition = records.definitions[campaign, current.version].campaign
    status = _scheduled(current.status, definition, act.now_ms)
    return _standing(records, campaign, current.version, status, act)


def paused(records: Records, campaign: str, act: Act) -> Change:
    """Nothing more is sent until it is resumed. Raises TransitionError."""
    current = in_force(records, campaign)
    if current.status not in SCHEDULED:
        raise TransitionError(
            f"{campaign} is {current.status}; only a live or scheduled campaign can be paused."
        )
    return _standing(records, campaign, current.version, Status.PAUSED, act)


def resumed(records: Records, campaign: str, act: Act) -> Change:
    """A paused campaign goes on. Raises TransitionError."""
    current = in_force(records, campaign)
    if current.status is not Status.PAUSED:
        raise TransitionError(f"{campaign} is {current.status}; only a paused campaign can be resumed.")
    definition = records.definitions[campaign, current.version].campaign
    return _standing(records, campaign, current.version, _first(definition, act.now_ms), act)


def ended(records: Records, campaign: str, act: Act) -> Change:
    """It never sends again. Raises TransitionError."""
    current = in_force(records, campaign)
    if current.status is Status.ENDED:
        raise TransitionError(f"{campaign} has ended already.")
    return _standing(records, campaign, current.version, Status.ENDED, act)


def put_right(records: Records, campaign: str) -> Change:
    """An end that a later record hides from whoever reads that one only (compaction keeps no other): say it again."""
    standings, _ = records.standings[campaign]
    current = standings.current
    record = (campaign.encode(), msgspec.msgpack.encode(standings))
    return Change(campaign, current.version, current.status, (record,))


def in_force(records: Records, campaign: str) -> Standing:
    """How a campaign stands now. Raises UnknownCampaignError."""
    known = records.standings.get(campaign)
    if known is None or (campaign, known[0].current.version) not in records.definitions:
        raise UnknownCampaignError(
            f"There is no campaign {campaign!r}. `python -m app campaign list` shows those there are."
        )
    return known[0].current


async def write(producer: AIOKafkaProducer, topic: str, changes: Iterable[Change | SegmentChange]) -> None:
    """Send what changes, in order, and wait until the broker has it."""
    answers: list[Any] = []
    for change in changes:
        for key, value in change.records:
            answers.append(await producer.send(topic, value, key=key, partition=0))
    for answer in answers:
        await answer


def _differ(one: Campaign | Segment, other: Campaign | Segment) -> bool:
    """As they are stored: a list that was read back is equal to the one that was written."""
    return msgspec.msgpack.encode(one) != msgspec.msgpack.encode(other)


def _status(records: Records, campaign: str) -> Status:
    known = records.standings.get(campaign)
    return Status.DRAFT if known is None else known[0].current.status


def _first(campaign: Campaign, now_ms: int) -> Status:
    is_ahead = campaign.starts_ms is not None and campaign.starts_ms > now_ms
    return Status.SCHEDULED if is_ahead else Status.LIVE


def _scheduled(status: Status, campaign: Campaign, now_ms: int) -> Status:
    """Scheduling a draft; one that is live already stays as it is, and so does a paused one."""
    return _first(campaign, now_ms) if status in {Status.DRAFT, Status.SCHEDULED} else status


def _standing(records: Records, campaign: str, version: int, status: Status, act: Act) -> Change:
    """The standing record, where anything about it is new."""
    known = records.standings.get(campaign)
    before: tuple[Standing, ...] = ()
    if known is not None:
        standings, time_ms = known
        if (standings.current.status, standings.current.version) == (status, version):
            return Change(campaign, version, status)
        replaced = msgspec.structs.replace(standings.current, since_ms=time_ms)
        before = (*standings.before, replaced)[-HISTORY:]
    value = msgspec.msgpack.encode(Standings(Standing(status, version, act.reason, act.actor), before))
    return Change(campaign, version, status, ((campaign.encode(), value),))
