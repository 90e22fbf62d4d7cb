"""One world through the core and through the plain pipeline; what the one tells and the other does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from app.domain.deliver import Context
from app.domain.files.campaign import read_campaign
from app.domain.files.segment import read_segment
from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Campaign, Cap, Segment, Status
from app.domain.model.decision import Step
from app.domain.model.effect import Effect, Record, Send
from app.domain.model.event import Event, Tick
from app.domain.model.user import User
from app.domain.rules.plan import Catalog
from app.kafka_client.received import Received
from app.replay.catalogs import catalog_of
from app.replay.engine import Replay
from app.wire import EventReader
from tests.plain.pipeline import Pipeline, Told
from tests.plain.wall import length_ms
from tests.plain.worlds import World

TOLD = {Step.QUALIFIED, Step.HELD, Step.RELEASED, Step.DROPPED, Step.SENT, Step.INBOX}


class Switched(Replay):
    """The core's replay, in which campaigns are paused, resumed and ended."""

    def switch(self, campaign: str, status: str) -> None:
        """From now on it has this status."""
        known = self._live.catalog
        current = {**known.current, campaign: (Status(status), 1)}
        catalog = Catalog(known.plans, current, known.segments, known.counted)
        self._live = Context(catalog, catalog, self._live.rules, self.clock_ms, self._live.leases)


class Collected:
    """What the core tells, as the plain pipeline would."""

    def __init__(self) -> None:
        self.told: list[Told] = []

    def __call__(self, user: User, effects: Sequence[Effect], _now_ms: int) -> None:
        """One step of one user."""
        devices: dict[str, tuple[str, ...]] = {}
        for effect in effects:
            if isinstance(effect, Send):
                order = effect.order
                devices[order.push.message_id] = tuple(each.device for each in order.targets)
            elif isinstance(effect, Record) and effect.decision.step in TOLD:
                made = effect.decision
                sent_to = devices.get(made.message_id, ()) if made.step is Step.SENT else ()
                reason, until_ms = str(made.reason or ""), made.until or 0
                self.told.append(
                    Told(
                        made.at,
                        made.user,
                        made.campaign,
                        made.message_id,
                        str(made.step),
                        reason,
                        until_ms,
                        sent_to,
                    )
                )


def rules_of(world: World) -> AppRules:
    """The app's rules, as settings would say them."""
    rules = world["rules"]
    caps = [
        Cap(each["max"], None if each["per"] == "day" else length_ms(each["per"])) for each in rules["caps"]
    ]
    return AppRules(rules["zone"], tuple(caps), length_ms(rules["max_lateness"]), stream_clock=True)


def by_the_core(world: World) -> list[Told]:
    """What `app.domain.decide` says: files read by the reader of files, messages by that of events."""
    zone = world["rules"]["zone"]
    campaigns = [read_campaign(each, app_zone=zone, amplify_default=False) for each in world["campaigns"]]
    segments = [read_segment(each, app_zone=zone) for each in world["segments"]]
    wrong = [each for each in [*campaigns, *segments] if isinstance(each, list)]
    if wrong:
        raise ValueError(f"the world has a file that is refused: {wrong}")
    catalog = catalog_of(
        [each for each in campaigns if isinstance(each, Campaign)],
        [each for each in segments if isinstance(each, Segment)],
    )
    collected, reader = Collected(), EventReader()
    replay = Switched(catalog, rules_of(world), collected)
    for offset, message in enumerate(world["log"]):
        if message["type"] == "switch":
            replay.switch(message["campaign"], message["status"])
            continue
        key, value = message.get("userId", "").encode(), msgspec.json.encode(message)
        read = reader.read(Received("events", 0, offset, 1_000_000_000_000, key, value, ()), None)
        if isinstance(read, Event):
            replay.take(read, offset)
        elif isinstance(read, Tick):
            replay.tick(read)
        else:
            raise TypeError(f"{message} is no event: {read}")
    if replay.failures:
        raise RuntimeError(replay.first_failure)
    return collected.told


def by_plain_loops(world: World) -> list[Told]:
    """What SPEC.md says."""
    return Pipeline(world).run(world["log"])


def difference(world: World) -> list[str]:
    """What only one of the two tells, in its order; nothing where they agree."""
    core, plain = by_the_core(world), by_plain_loops(world)
    only_core, only_plain = Counter(core) - Counter(plain), Counter(plain) - Counter(core)
    told = [("core ", each) for each in only_core] + [("plain", each) for each in only_plain]
    return [f"only {who}: {describe(each)}" for who, each in sorted(told, key=lambda each: each[1])]


def describe(told: Told) -> str:
    """One line."""
    rest = " ".join(str(each) for each in told[5:] if each)
    return f"{told.at_ms} {told.user} {told.campaign} {told.message_id} {told.step} {rest}"


def shrunk(world: World) -> World:
    """A small part of the world over which they still differ: messages and campaigns go, as long as they do."""
    shrinking = True
    while shrinking:
        shrinking = False
        for part in ("campaigns", "log"):
            for number in reversed(range(len(world[part]))):
                smaller = {**world, part: world[part][:number] + world[part][number + 1 :]}
                if still_differs(smaller):
                    world, shrinking = smaller, True
    return without_details(world)


def without_details(world: World) -> World:
    """Keys of campaigns and messages go, too."""
    for part in ("campaigns", "log"):
        for number, whole in enumerate(world[part]):
            for path in paths(whole):
                changed = msgspec.json.decode(msgspec.json.encode(world))
                remove(changed[part][number], path)
                if still_differs(changed):
                    world = changed
    return world


def paths(value: Any, before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Of every key in maps of maps, outer ones first."""
    found: list[tuple[str, ...]] = []
    for key, below in value.items() if isinstance(value, dict) else ():
        found += [(*before, key), *paths(below, (*before, key))]
    return found


def remove(value: Any, path: tuple[str, ...]) -> None:
    """Take a key out, where it is."""
    for key in path[:-1]:
        value = value.get(key, {})
    value.pop(path[-1], None)


def still_differs(world: World) -> bool:
    """A part that makes no sense any more is none."""
    try:
        return bool(difference(world))
    except Exception:  # noqa: BLE001 - whatever a mutilated world runs into
        return False
