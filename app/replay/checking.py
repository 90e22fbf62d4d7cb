"""Checks a test: replays what is given, and compares what came with what was expected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from app.contexts import FindPlace
from app.domain.files.expectations import Expected
from app.domain.model.event import Event
from app.domain.model.reason import DeadLetterReason
from app.replay.arrivals import Arrival, Collected, End
from app.replay.catalogs import catalog_of
from app.replay.engine import Replay
from app.replay.given import Refused, as_events
from app.replay.scope import Case
from app.replay.why import Story, why_not


class Difference(Struct, frozen=True):
    """One key that was expected to be another."""

    key: str
    expected: Any
    came: Any


class Missing(Struct, frozen=True):
    """Something that was expected and did not come: the nearest that came instead, or why nothing did."""

    expected: Expected
    came: Arrival | None
    differences: tuple[Difference, ...]
    why: str


class Verdict(Struct, frozen=True):
    """What became of a test; without findings it has passed."""

    case: Case
    missing: tuple[Missing, ...]
    unexpected: tuple[Arrival, ...]
    refused: tuple[Refused, ...]

    @property
    def passed(self) -> bool:
        """Did everything come that was expected, and no push besides?"""
        return not (self.missing or self.unexpected or self.refused)


def check(case: Case, find_place: FindPlace | None = None) -> Verdict:
    """Replay the test and compare. `find_place`: where addresses are, for messages that have one."""
    collected, read = Collected(), list(as_events(case.expectations.given, find_place))
    catalog = catalog_of(case.campaigns, case.segments)
    replay = Replay(catalog, case.rules, collected.told)
    for _, offset, event in read:
        if isinstance(event, Event):
            replay.take(event, offset)
    until_ms = case.expectations.until_ms
    replay.pass_by(replay.clock_ms if until_ms is None else until_ms)
    events = [event for _, _, event in read if isinstance(event, Event)]
    story = Story(catalog, case.rules, events, collected, replay)
    missing, unexpected = _compare(case.expectations.expect, collected.arrivals, story)
    refused = [each for _, _, each in read if isinstance(each, Refused)]
    if replay.failures:
        refused.append(Refused("given", str(DeadLetterReason.FAILED_STEP), replay.first_failure))
    return Verdict(case, missing, unexpected, tuple(refused))


def _compare(
    expect: Sequence[Expected], came: Sequence[Arrival], story: Story
) -> tuple[tuple[Missing, ...], tuple[Arrival, ...]]:
    taken = _assign(expect, came)
    left = [arrival for place, arrival in enumerate(came) if place not in taken]
    missing: list[Missing] = []
    for place, expected in enumerate(expect):
        if place in taken.values():
            continue
        nearest = min(
            (each for each in left if _about_the_same(expected, each)),
            key=lambda each: len(_differences(expected, each)),
            default=None,
        )
        if nearest is not None:
            left.remove(nearest)
        differences = () if nearest is None else _differences(expected, nearest)
        missing.append(
            Missing(expected, nearest, differences, "" if nearest is not None else why_not(story, expected))
        )
    return tuple(missing), tuple(each for each in left if each.end is End.PUSH)


def _assign(expect: Sequence[Expected], came: Sequence[Arrival]) -> dict[int, int]:
    """Which arrival satisfies which expectation, as many as possible: {place in came: place in expect}."""
    taken: dict[int, int] = {}

    def find(wanted: int, tried: set[int]) -> bool:
        for place, arrival in enumerate(came):
            if place not in tried and not _differences(expect[wanted], arrival):
                tried.add(place)
                if place not in taken or find(taken[place], tried):
                    taken[place] = wanted
                    return True
        return False

    for wanted in range(len(expect)):
        find(wanted, set())
    return taken


def _end(expected: Expected) -> End:
    if expected.inbox:
        return End.INBOX
    return End.PUSH if expected.reason is None else End.DROP


def _about_the_same(expected: Expected, arrival: Arrival) -> bool:
    return expected.user in {None, arrival.user} and expected.campaign in {None, arrival.campaign}


def _differences(expected: Expected, arrival: Arrival) -> tuple[Difference, ...]:
    """Every key that is compared and is another."""
    found = [
        Difference("end", str(_end(expected)), str(arrival.end)),
        Difference("user", expected.user, arrival.user),
        Difference("campaign", expected.campaign, arrival.campaign),
        Difference("at", expected.at_ms, arrival.at_ms),
        Difference("reason", expected.reason, arrival.reason),
    ]
    found += [Difference(key, value, arrival.content.get(key)) for key, value in expected.compared.items()]
    return tuple(each for each in found if each.expected is not None and each.expected != each.came)
