"""`campaign backfill`: which kinds are asked for, when it may begin, and how it goes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from app.backfill import Backfill, Filled
from app.cli.broker import partition_count, run
from app.cli.campaign_records import read_records_of
from app.cli.errors import CommandError, NotFoundError
from app.cli.output import bar, tell
from app.clock import now_ms
from app.domain.catalog import make_plan
from app.domain.rules.counting import Counted, dids, key_of
from app.domain.rules.segments import used_by
from app.settings import Settings
from app.topics import Topics
from tables.catalog import IN_FORCE_MS, Records, counted

MARGIN_MS = 1_000
"""How far the broker's clock may be behind ours."""


def backfill(settings: Settings, ids: Sequence[str]) -> Filled:
    """Count the past for these campaigns, or for whatever asks about it. Raises CommandError."""
    if settings.clock == "stream":
        raise CommandError(
            "Under a stream clock a campaign is in force from the start of the log: apply it before the events are "
            "fed, and nothing is left to count."
        )
    return run(settings.kafka, lambda: _backfill(settings, ids))


async def _backfill(settings: Settings, ids: Sequence[str]) -> Filled:
    topics = Topics(settings.app, settings.events)
    wanted = wanted_kinds(await read_records_of(settings), ids)
    if not wanted.by_key:
        tell("nothing asks about the past")
        return Filled(0, 0, 0, None)
    await _until(max(kind.since_ms for kind in wanted.by_key.values()) + MARGIN_MS)
    partitions = await partition_count(settings.kafka, topics.events)
    tell(f"counting {', '.join(sorted({kind.event for kind in wanted.by_key.values()}))}")
    with ExitStack() as shown:

        def begun(total: int) -> Callable[[int], None]:
            return shown.enter_context(bar("events read", total))

        return await Backfill(settings.kafka, topics, wanted).run(partitions, begun)


async def _until(time_ms: int) -> None:
    """Live counting must have begun: what is recorded until then is ours."""
    while (wait_ms := time_ms - now_ms()) > 0:
        tell(f"waiting {wait_ms / 1000:.1f} s, until live counting has begun")
        await asyncio.sleep(wait_ms / 1000)


def wanted_kinds(records: Records, ids: Sequence[str]) -> Counted:
    """What these campaigns, or all and the saved segments, ask about the past. Raises NotFoundError."""
    plans = {key: make_plan(each.campaign, key[1]) for key, each in records.definitions.items()}
    every = counted(records, plans, IN_FORCE_MS)
    if not ids:
        return every
    segments, keys = records.segments.conditions(), set()
    for campaign in ids:
        newest = records.newest(campaign)
        if newest == 0:
            raise NotFoundError(
                f"There is no campaign {campaign!r}. `python -m app campaign list` shows those there are."
            )
        who = records.definitions[campaign, newest].campaign.who
        for condition in (who, *used_by(who, segments).values()):
            keys |= {key_of(did) for did in dids(condition)}
    return Counted.of({key: kind for key, kind in every.by_key.items() if key in keys})
