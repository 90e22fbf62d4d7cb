"""The campaigns topic, as commands use it: read it whole, compute what changes, write that, wait until it holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec
from aiokafka import AIOKafkaProducer

from app.cli.broker import consumer, partition_count, producer, run
from app.cli.errors import CommandError, NotFoundError
from app.cli.output import tell
from app.clock import now_ms
from app.refusals import SetupRefused, refuse_changed_counts
from app.settings import Settings
from app.setup import publish_settings, read_records
from app.topics import Topics
from tables.catalog import IN_FORCE_MS, Records
from tables.catalog_writer import (
    Act,
    Change,
    ReferenceProblems,
    SegmentChange,
    TransitionError,
    UnknownCampaignError,
    put_right,
    write,
)

ACTOR = "command line"

Decide = Callable[[Records, Act], Sequence[Change | SegmentChange]]


def read_all(settings: Settings) -> Records:
    """What the topic says now. Raises CommandError."""
    return run(settings.kafka, lambda: read_records_of(settings))


def change(
    settings: Settings, decide: Decide, *, reason: str | None = None, publish: bool = False, wait: bool = True
) -> Sequence[Change | SegmentChange]:
    """Write what `decide` makes of the records: all of it, or nothing where it raises. Raises CommandError.

    `publish` sends the settings that decide as well, as `setup` does; `wait` until every worker decides by it.
    """
    try:
        return run(settings.kafka, lambda: _change(settings, decide, reason, publish, wait))
    except UnknownCampaignError as error:
        raise NotFoundError(str(error)) from error
    except (TransitionError, ReferenceProblems, SetupRefused) as error:
        raise CommandError(f"Nothing was changed: {error}") from error


async def read_records_of(settings: Settings) -> Records:
    """What the topic says now, for a command that asks the broker more than that. Raises CommandError."""
    topic = Topics(settings.app, settings.events).campaigns
    await partition_count(settings.kafka, topic)
    async with consumer(settings.kafka) as client:
        try:
            return await read_records(client, topic)
        except (msgspec.MsgspecError, ValueError) as error:
            raise CommandError(
                f"A record of {topic} cannot be read: {error}. Another version of Carillon, or another program, wrote "
                "it; use that version, or begin a new CARILLON_APP."
            ) from error


async def _change(
    settings: Settings, decide: Decide, reason: str | None, publish: bool, wait: bool
) -> Sequence[Change | SegmentChange]:
    topics = Topics(settings.app, settings.events)
    records = await read_records_of(settings)
    refuse_changed_counts(topics.specs(settings.partitions), {}, records)
    changes = decide(records, Act(now_ms(), ACTOR, reason))
    async with producer(settings.kafka) as client:
        published = publish and await publish_settings(settings, records, client) == "published"
        await write(client, topics.campaigns, changes)
        of_campaigns = [each for each in changes if isinstance(each, Change)]
        await _see_that_it_holds(settings, of_campaigns, client)
    if published:
        tell("the settings that decide are published")
    if published or any(each.records for each in changes):
        await _until_in_force(settings, wait)
    return changes


async def _see_that_it_holds(settings: Settings, changes: Sequence[Change], client: AIOKafkaProducer) -> None:
    """Raise TransitionError where a campaign ended by itself just before it was changed: an end is final."""
    if not any(each.records for each in changes):
        return
    records = await read_records_of(settings)
    topic = Topics(settings.app, settings.events).campaigns
    beaten = [each.campaign for each in changes if each.campaign in records.overruled]
    await write(client, topic, [put_right(records, campaign) for campaign in beaten])
    if beaten:
        why = records.standings[beaten[0]][0].current.reason or "by hand"
        raise TransitionError(f"{', '.join(beaten)} ended at this very moment ({why}).")


async def _until_in_force(settings: Settings, wait: bool) -> None:
    """Under the wall clock every worker has read a record by the time from which it counts."""
    if settings.clock == "stream":
        return
    if not wait:
        tell(f"in force in {IN_FORCE_MS / 1000:.0f} s")
        return
    tell(f"waiting {IN_FORCE_MS / 1000:.0f} s, until it is in force")
    await asyncio.sleep(IN_FORCE_MS / 1000)
    tell("in force")


def described(changes: Sequence[Change | SegmentChange]) -> str:
    """What became of each campaign and segment, a line each."""
    lines = []
    for each in changes:
        happened = "" if each.records else ": unchanged"
        if isinstance(each, Change):
            lines.append(f"{each.campaign}: version {each.version}, {each.status}{happened}")
        else:
            lines.append(f"segment {each.segment}: version {each.version}{happened}")
    return "\n".join(lines)


def as_values(changes: Sequence[Change | SegmentChange]) -> list[dict[str, object]]:
    """The same for machines."""
    return [_as_value(each) | {"changed": bool(each.records)} for each in changes]


def _as_value(change: Change | SegmentChange) -> dict[str, object]:
    if isinstance(change, Change):
        return {"campaign": change.campaign, "version": change.version, "status": change.status}
    return {"segment": change.segment, "version": change.version}
