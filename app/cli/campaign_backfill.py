"""`campaign backfill`: which kinds are asked for, when it may begin, how it goes, and what `apply` tells of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import NamedTuple

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from app.backfill import Backfill, Filled, oldest_ms
from app.cli.broker import partition_count, run
from app.cli.campaign_records import read_records_of
from app.cli.errors import CommandError, NotFoundError
from app.cli.output import bar, tell
from app.clock import monotonic_s, now_ms
from app.domain.catalog import make_plan
from app.domain.model.condition import EVERYONE, Condition
from app.domain.rules.counting import Counted, CountKind, dids, key_of
from app.domain.rules.segments import used_by
from app.domain.rules.wording import condition_text
from app.settings import Settings
from app.topics import Topics
from tables.catalog import IN_FORCE_MS, Records, counted

MARGIN_MS = 1_000
"""How far the broker's clock may be behind ours."""
TAKEN_S = 30.0
ASK_S = 0.5


class Kind(NamedTuple):
    """Something that is asked of the past, in words, and from when on it is counted."""

    text: str
    since_ms: int


class Past(NamedTuple):
    """What is asked of the past; `oldest_ms`: how far the log reaches back, None where it is empty."""

    kinds: tuple[Kind, ...]
    oldest_ms: int | None


def backfill(settings: Settings, ids: Sequence[str]) -> Filled:
    """Count the past for these campaigns, or for whatever asks about it. Raises CommandError."""
    refuse_stream_clock(settings)
    return run(settings.kafka, lambda: _backfill(settings, ids))


def count_until_taken(settings: Settings, ids: Sequence[str], names: Sequence[str] = ()) -> None:
    """The same for these campaigns and segments, until workers have taken in what was counted. Raises CommandError."""
    run(settings.kafka, lambda: _count_until_taken(settings, ids, names))


def past_of(settings: Settings, ids: Sequence[str], names: Sequence[str]) -> Past:
    """What these campaigns and segments ask about the past. Raises CommandError."""
    return run(settings.kafka, lambda: _past_of(settings, ids, names))


def refuse_stream_clock(settings: Settings) -> None:
    """Raise CommandError where there is no past to count."""
    if settings.clock == "stream":
        raise CommandError(
            "Under a stream clock a campaign is in force from the start of the log: apply it before the events are "
            "fed, and nothing is left to count."
        )


async def _past_of(settings: Settings, ids: Sequence[str], names: Sequence[str]) -> Past:
    wanted = wanted_kinds(await read_records_of(settings), ids, names)
    kinds = tuple(Kind(_text(each), each.since_ms) for each in wanted.by_key.values())
    if not kinds:
        return Past((), None)
    topic = Topics(settings.app, settings.events).events
    partitions = await partition_count(settings.kafka, topic)
    return Past(kinds, await oldest_ms(settings.kafka, topic, partitions))


def _text(kind: CountKind) -> str:
    return kind.event if kind.did.where == EVERYONE else f"{kind.event} with {condition_text(kind.did.where)}"


async def _count_until_taken(settings: Settings, ids: Sequence[str], names: Sequence[str]) -> None:
    wanted = wanted_kinds(await read_records_of(settings), ids, names)
    done, mailed = await _count(settings, wanted)
    if wanted.by_key:
        tell(f"{done.records} records read; {done.events} events of {done.users} users counted")
    if mailed:
        await _until_taken(settings, mailed)


async def _until_taken(settings: Settings, mailed: Mapping[TopicPartition, int]) -> None:
    """Workers tell the group every few seconds how far they are. Where none does, the mail waits for them."""
    tell("waiting until workers have taken it in")
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    give_up_s = monotonic_s() + TAKEN_S
    await admin.start()
    try:
        while True:
            found = await admin.list_consumer_group_offsets(settings.app, partitions=list(mailed))
            behind = [
                place for place, end in mailed.items() if place not in found or found[place].offset < end
            ]
            if not behind:
                return
            if monotonic_s() >= give_up_s or all(each.offset < 0 for each in found.values()):
                break
            await asyncio.sleep(ASK_S)
    finally:
        await admin.close()
    tell("no worker has taken it in yet; it waits in their mailbox")


async def _backfill(settings: Settings, ids: Sequence[str]) -> Filled:
    wanted = wanted_kinds(await read_records_of(settings), ids)
    if not wanted.by_key:
        tell("nothing asks about the past")
    done, _ = await _count(settings, wanted)
    return done


async def _count(settings: Settings, wanted: Counted) -> tuple[Filled, Mapping[TopicPartition, int]]:
    """What was done, and how far the users' mail reaches with it."""
    if not wanted.by_key:
        return Filled(0, 0, 0, None), {}
    topics = Topics(settings.app, settings.events)
    await _until(max(kind.since_ms for kind in wanted.by_key.values()) + MARGIN_MS)
    partitions = await partition_count(settings.kafka, topics.events)
    tell(f"counting {', '.join(sorted({kind.event for kind in wanted.by_key.values()}))}")
    with ExitStack() as shown:

        def begun(total: int) -> Callable[[int], None]:
            return shown.enter_context(bar("events read", total))

        reading = Backfill(settings.kafka, topics, wanted)
        return await reading.run(partitions, begun), reading.mailed


async def _until(time_ms: int) -> None:
    """Live counting must have begun: what is recorded until then is ours."""
    while (wait_ms := time_ms - now_ms()) > 0:
        tell(f"waiting {wait_ms / 1000:.1f} s, until live counting has begun")
        await asyncio.sleep(wait_ms / 1000)


def wanted_kinds(records: Records, ids: Sequence[str], names: Sequence[str] = ()) -> Counted:
    """What these campaigns and saved segments ask about the past; without any: all of them. Raises NotFoundError."""
    plans = {key: make_plan(each.campaign, key[1]) for key, each in records.definitions.items()}
    every = counted(records, plans, IN_FORCE_MS)
    if not ids and not names:
        return every
    segments, keys = records.segments.conditions(), set()
    conditions = [_who(records, campaign) for campaign in ids] + [segments[name] for name in names]
    for who in conditions:
        for condition in (who, *used_by(who, segments).values()):
            keys |= {key_of(did) for did in dids(condition)}
    return Counted.of({key: kind for key, kind in every.by_key.items() if key in keys})


def _who(records: Records, campaign: str) -> Condition:
    newest = records.newest(campaign)
    if newest == 0:
        raise NotFoundError(
            f"There is no campaign {campaign!r}. `python -m app campaign list` shows those there are."
        )
    return records.definitions[campaign, newest].campaign.who
