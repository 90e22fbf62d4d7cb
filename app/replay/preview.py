"""How a campaign's message would read for one real user, as the log knows them (C069-C072)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from aiokafka import TopicPartition
from msgspec import Struct

from app.contexts import FindPlace
from app.domain import compose, guard
from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Campaign, Segment
from app.domain.model.event import Event
from app.domain.model.reason import Reason
from app.domain.model.user import Trigger, User
from app.domain.model.verdict import Drop
from app.domain.qualify import chosen, meets_who
from app.domain.rules.plan import Catalog, Plan
from app.domain.rules.surface import Reachable, Unreachable, choose
from app.kafka_client.read import read
from app.kafka_client.received import Received
from app.replay.catalogs import catalog_of, not_live
from app.replay.engine import Replay
from app.replay.stretch import FETCH_BYTES, Stretch, connected
from app.wire import EventReader

PREVIEW = "preview"


class Cause(Struct, frozen=True, rename={"at_ms": "at"}):
    """The event that a message would answer."""

    name: str
    at_ms: int
    properties: dict[str, Any]


class Preview(Struct, frozen=True):
    """The message for a user now, or why there is none. `event`: the last one that would have triggered it.

    `unreachable`: why no device can be sent to, None where one can.
    """

    campaign: str
    user: str
    event: Cause | None
    content: dict[str, Any]
    dropped: Drop | None
    in_who: bool
    unreachable: Reason | None


class Known(Struct):
    """What the log says of one user; `last`: the newest event of each name."""

    user: User
    last: dict[str, Event]
    clock_ms: int


class Knowing:
    """Learns one user from the records of their partition; everybody else's are passed over unread."""

    def __init__(self, user_id: str, rules: AppRules, catalog: Catalog, find_place: FindPlace | None) -> None:
        self._id = user_id
        self._key = user_id.encode()
        self._streaming = rules.stream_clock
        self._reader = EventReader(find_place)
        self._replay = Replay(not_live(catalog), rules, lambda user, effects, now_ms: None)
        self._last: dict[str, Event] = {}

    def take(self, records: list[Received]) -> None:
        """Some more of the log."""
        for record in records:
            if record.key != self._key:
                continue
            found = self._reader.read(record, None if self._streaming else record.timestamp)
            if isinstance(found, Event) and found.user == self._id:
                self._replay.take(found, record.offset)
                if found.name is not None:
                    self._last[found.name] = found

    def known(self) -> Known | None:
        """The user; None where the log says nothing of them."""
        if not len(self._replay.users):
            return None
        return Known(self._replay.users.get(self._id), self._last, self._replay.clock_ms)


async def learn(
    bootstrap: str, topic: str, stretch: Stretch, knowing: Knowing, done: Callable[[int], None]
) -> Known | None:
    """Read the user's partition. Raises KafkaError."""
    place = TopicPartition(topic, stretch.partition)
    async with contextlib.AsyncExitStack() as closing:
        client = await connected(bootstrap, topic, closing)
        chunks = read(client, place, stretch.begin, stretch.end, FETCH_BYTES)
        async with contextlib.aclosing(chunks):
            async for records in chunks:
                knowing.take(records)
                done(len(records))
    return knowing.known()


def preview(campaign: Campaign, known: Known, rules: AppRules, segments: Sequence[Segment] = ()) -> Preview:
    """The message that the user's last triggering event would lead to; without one, of an event without properties."""
    catalog, user = catalog_of([campaign], segments), known.user
    plan = catalog.plans[campaign.id, 1]
    last = known.last.get(campaign.when.event)
    if last is not None and plan.where is not None and not plan.where(last.properties, known.clock_ms):
        last = None
    trigger = (
        None if last is None else Trigger(last.message_id, campaign.when.event, last.time_ms, last.properties)
    )
    devices = chosen(plan, user, catalog, rules, known.clock_ms)
    reached = choose(user.profile, devices or None)
    shown = trigger or Trigger("", campaign.when.event, known.clock_ms, {})
    written = _write(plan, user, shown, reached, known.clock_ms, rules)
    return Preview(
        campaign.id,
        user.id,
        None if trigger is None else Cause(trigger.name, trigger.time_ms, trigger.properties),
        {} if isinstance(written, Drop) else _content(written),
        written if isinstance(written, Drop) else None,
        meets_who(plan, user, catalog, rules, known.clock_ms),
        None if isinstance(reached, Reachable) else reached.reason,
    )


def _write(
    plan: Plan, user: User, trigger: Trigger, reached: Reachable | Unreachable, now_ms: int, rules: AppRules
) -> compose.Rendered | Drop:
    device = user.profile.devices[reached.targets[0].device] if isinstance(reached, Reachable) else None
    return compose.write(
        plan.content,
        user_id=user.id,
        traits=user.profile.traits,
        event=trigger,
        now_ms=now_ms,
        zone=guard.zone_of(plan, user, rules),
        message_id=PREVIEW,
        device=device,
    )


def _content(written: compose.Rendered) -> dict[str, Any]:
    given = {
        "title": written.title,
        "body": written.body,
        "link": written.link,
        "image": written.image,
        "data": written.data,
        "collapse": written.collapse,
    }
    return {name: value for name, value in given.items() if value}
