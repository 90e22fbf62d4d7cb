"""What an event costs in the pure core: questions, timers and outcomes, without reading, state or Kafka.

    python -m benchmarks.decide [--events N] [--times N] [--profile]

Users live in memory, events are read beforehand. Whatever is due between two events is decided between them, and every
push is accepted at once, so that what users wait for is what it would be.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import heapq
import pstats
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from app import wire
from app.clock import monotonic_s
from app.domain import decide
from app.domain.catalog import make_plan
from app.domain.deliver import Context
from app.domain.files.campaign import read_campaign
from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Campaign, Cap, Status
from app.domain.model.decision import Step
from app.domain.model.effect import Effect, Record, Send
from app.domain.model.event import Event
from app.domain.model.mail import Outcome, Result
from app.domain.model.user import Activity, Agenda, OnItsWay, Profile, User
from app.domain.rules.plan import Catalog
from app.kafka_client.received import Received
from benchmarks.campaigns import campaigns
from benchmarks.clickstream import PRICES, Clickstream
from benchmarks.engine import START_MS
from benchmarks.lines import line, say, show
from benchmarks.processor_time import own_cpu_s

EVENTS = 100_000
TIMES = 3
USERS = 20_000
STEP_MS = 20.0
COUNTS = (0, 10, 100, 1_000, 10_000)
ELSEWHERE = 10_000
PUSHES_A_DAY = 3
RARELY = (200_000, 50, 100)  # as a worker does
NOBODY = "nobody_sends_this"
US_PER_S = 1e6


class Cost(NamedTuple):
    """What one pass over the events took, how many messages qualified in it, and how many pushes it cleared."""

    cpu_us: float
    wall_us: float
    sent: int
    qualified: int


class Core:
    """All users of one partition, and when something of theirs is due; the core and next to nothing else."""

    def __init__(self, catalog: Catalog) -> None:
        rules = AppRules(caps=(Cap(PUSHES_A_DAY),), stream_clock=True)
        self.context = Context(catalog, catalog, rules, 0)
        self.users: dict[str, User] = {}
        self.due: list[tuple[int, str]] = []
        self.sent = self.qualified = 0

    def take(self, events: Sequence[Event]) -> None:
        """Decide on every event, and before it on what has become due."""
        users, due, context = self.users, self.due, self.context
        for offset, event in enumerate(events):
            now_ms = event.time_ms
            while due and due[0][0] < now_ms:
                self._fire(*heapq.heappop(due))
            context.now_ms = now_ms
            user = users.get(event.user)
            if user is None:
                user = users[event.user] = User(event.user, Profile(), Activity(), Agenda())
            effects = decide.on_event(user, event, offset, context)
            if effects or user.agenda_changed:
                self._after(user, effects)

    def _fire(self, due_ms: int, name: str) -> None:
        self.context.now_ms = due_ms
        user = self.users[name]
        self._after(user, decide.on_due(user, due_ms, self.context))

    def _after(self, user: User, effects: list[Effect]) -> None:
        for effect in effects:
            if effect.__class__ is Send:
                self.sent += 1
                self._accepted(user, effect)
            elif effect.__class__ is Record and effect.decision.step is Step.QUALIFIED:
                self.qualified += 1
        if user.agenda_changed:
            user.agenda_changed = False
            waiting = [each.due_ms for each in user.agenda.entries if not isinstance(each, OnItsWay)]
            if waiting:
                heapq.heappush(self.due, (min(waiting), user.id))

    def _accepted(self, user: User, send: Send) -> None:
        push = send.order.push
        for target in send.order.targets:
            mail = Outcome(
                user=user.id,
                message_id=push.message_id,
                campaign=push.campaign,
                device=target.device,
                token=target.token,
                transport=send.transport,
                result=Result.ACCEPTED,
                attempts=1,
            )
            decide.on_mail(user, mail, self.context)


def catalog_of(documents: Sequence[dict[str, Any]]) -> Catalog:
    """These campaigns, all live. Raises ValueError where one is not in order."""
    plans = {}
    for document in documents:
        campaign = read_campaign(document, app_zone="UTC", amplify_default=False)
        if not isinstance(campaign, Campaign):
            raise ValueError(f"{document['campaign']}: {campaign}")
        plans[campaign.id, 1] = make_plan(campaign, 1)
    return Catalog(plans, {campaign: (Status.LIVE, 1) for campaign, _ in plans})


def elsewhere(count: int) -> list[dict[str, Any]]:
    """Ten campaigns as they are, and so many that wait for an event that never comes."""
    others = campaigns(count)
    for number, each in enumerate(others):
        each["campaign"] = f"elsewhere-{number}"
        each["when"]["event"] = NOBODY
    return campaigns(10) + others


def silent(count: int) -> list[dict[str, Any]]:
    """Ten campaigns as they are, and so many on the same events that ask for a price which no event reaches."""
    others = campaigns(count)
    for number, each in enumerate(others):
        each["campaign"] = f"silent-{number}"
        each["when"]["where"]["price"] = {"gte": PRICES[1]}
    return campaigns(10) + others


def events_of(count: int) -> list[Event]:
    """A clickstream, read."""
    return list(_read(count))


def _read(count: int) -> Iterator[Event]:
    reader = wire.EventReader()
    for number, sent in enumerate(Clickstream(USERS, START_MS, STEP_MS).events(count)):
        record = Received("events", 0, number, START_MS, sent.user.encode(), sent.value, [])
        event = reader.read(record, None)
        if not isinstance(event, Event):
            raise TypeError(f"{event} is no event")
        yield event


def cost(catalog: Catalog, events: Sequence[Event]) -> Cost:
    """Microseconds of an event, over the second half of the events; the first half warms up."""
    core, half = Core(catalog), len(events) // 2
    core.take(events[:half])
    gc.collect()
    gc.freeze()
    used_s, began_s, sent, qualified = own_cpu_s(), monotonic_s(), core.sent, core.qualified
    core.take(events[half:])
    cpu_s, wall_s = own_cpu_s() - used_s, monotonic_s() - began_s
    gc.unfreeze()
    sent, qualified = core.sent - sent, core.qualified - qualified
    return Cost(cpu_s / half * US_PER_S, wall_s / half * US_PER_S, sent, qualified)


def measure(count: int, times: int) -> None:
    """Every number of campaigns, in rounds: the median of each beside that of none at all."""
    events = events_of(2 * count)
    catalogs = {number: catalog_of(campaigns(number)) for number in COUNTS}
    idle, mute = catalog_of(elsewhere(ELSEWHERE)), catalog_of(silent(ELSEWHERE))
    found: dict[int, list[Cost]] = {number: [] for number in COUNTS}
    aside: list[Cost] = []
    beside: list[Cost] = []
    for round_ in range(times):
        say(f"round {round_ + 1} of {times}")
        for number in COUNTS:
            found[number].append(cost(catalogs[number], events))
        aside.append(cost(idle, events))
        beside.append(cost(mute, events))
    middle = {number: _median(costs) for number, costs in found.items()}
    for number in COUNTS[1:]:
        here, least = middle[number], [each.cpu_us for each in found[number]]
        more = {"campaigns": number, "to_ten": here.cpu_us / middle[10].cpu_us, "wall_us": here.wall_us}
        more |= {"lowest": min(least), "highest": max(least), "sends": here.sent, "qualified": here.qualified}
        show(line("decide", here.cpu_us, "us/event", "no campaign", middle[0].cpu_us, **more))
    _show_silent(_median(beside), middle)
    each_us = (_median(aside).cpu_us - middle[10].cpu_us) / ELSEWHERE
    phase = "a campaign that does not listen"
    show(line("decide", max(0.0, each_us), "us/event", None, None, campaigns=ELSEWHERE, phase=phase))


def _show_silent(here: Cost, middle: dict[int, Cost]) -> None:
    """What ten campaigns decide costs this beside 10,000 more that could have listened."""
    more = {"campaigns": ELSEWHERE, "to_ten": here.cpu_us / middle[10].cpu_us, "wall_us": here.wall_us}
    more |= {"sends": here.sent, "qualified": here.qualified}
    phase = "as many messages as ten"
    show(line("decide", here.cpu_us, "us/event", "no campaign", middle[0].cpu_us, **more, phase=phase))


def _median(costs: Sequence[Cost]) -> Cost:
    """By processor time; of an even number the upper one."""
    costs = sorted(costs, key=lambda each: each.cpu_us)
    return costs[len(costs) // 2]


def profile(count: int) -> None:
    """Where the time goes with a hundred campaigns, by Python's profiler (which makes every call dearer)."""
    events, core = events_of(2 * count), Core(catalog_of(campaigns(100)))
    core.take(events[:count])
    profiler = cProfile.Profile()
    profiler.runcall(core.take, events[count:])
    pstats.Stats(profiler).sort_stats("tottime").print_stats(25)


def main() -> None:
    """Measure, or profile."""
    given = _arguments()
    gc.set_threshold(*RARELY)
    if given.profile:
        profile(given.events)
    else:
        measure(given.events, given.times)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench decide", description="What an event costs in the pure core.")
    parser.add_argument("--events", type=int, default=EVENTS, help="how many are measured, after as many")
    parser.add_argument("--times", type=int, default=TIMES, help="rounds over all numbers of campaigns")
    parser.add_argument("--profile", action="store_true", help="say where the time goes instead")
    return parser.parse_args()


if __name__ == "__main__":
    main()
