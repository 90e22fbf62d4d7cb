"""Saved segments in the campaigns topic: versions, what is in force when, what is counted since when (C007, C012)."""

from __future__ import annotations

import pytest

from app.domain.model.campaign import Campaign, Content, Segment, When
from app.domain.model.condition import AllOf, Condition, Did, InSegment, Leaf, Operator
from app.domain.model.user import Activity, Agenda, Profile, User
from app.domain.rules.counting import key_of
from app.domain.rules.plan import Catalog
from app.domain.rules.who import Subject
from tables.catalog import IN_FORCE_MS, CatalogReader
from tables.catalog_writer import Act, ReferenceProblems, applied, ended, refuse_references, saved
from tests.app.turns.memory import SetClock

PRO, BASIC = Leaf("plan", Operator.IN, ("pro", "max")), Leaf("plan", Operator.IS, "basic")
BOUGHT = Did("purchase", within_ms=86_400_000)
START_MS = 1_000_000


class Topic:
    """The campaigns topic as a worker has read it; the broker takes each change at a time of the test's choice."""

    def __init__(self, *, stream_clock: bool = False) -> None:
        self.reader = CatalogReader("none", "none", SetClock(), stream_clock=stream_clock)
        self.records = self.reader.records

    def save(self, name: str, who: Condition, at_ms: int) -> int:
        change = saved(self.records, Segment(name, who), "text", Act(at_ms))
        self._take(change.records, at_ms)
        return change.version

    def apply(self, campaign: Campaign, at_ms: int) -> None:
        self._take(applied(self.records, campaign, "text", Act(at_ms), schedule=True).records, at_ms)

    def end(self, campaign: str, at_ms: int) -> None:
        self._take(ended(self.records, campaign, Act(at_ms)).records, at_ms)

    def _take(self, records: tuple[tuple[bytes, bytes], ...], at_ms: int) -> None:
        for key, value in records:
            self.records.take(key, value, at_ms)
        self.reader._stale, self.reader._newest_from_ms = True, 1 << 63

    def catalog(self, at_ms: int) -> Catalog:
        return self.reader.at(at_ms)[0]


def a_campaign(who: Condition) -> Campaign:
    return Campaign("c", "C", When("cart"), Content("t", "b"), who=who)


def holds(catalog: Catalog, name: str, plan: str) -> bool:
    user = User("u", Profile({"plan": plan}), Activity(), Agenda())
    return catalog.segments[name].meets(Subject(user, 0, "UTC", catalog.segments, catalog.counted.by_key))


def test_a_version_is_in_force_two_seconds_after_the_broker_took_it_and_the_one_before_until_then() -> None:
    topic = Topic()
    assert topic.save("s", PRO, START_MS) == 1
    assert topic.save("s", PRO, START_MS + 5) == 1
    assert topic.save("s", BASIC, START_MS + 10_000) == 2
    first_ms, second_ms = START_MS + IN_FORCE_MS, START_MS + 10_000 + IN_FORCE_MS
    assert topic.catalog(first_ms - 1).segments == {}
    assert holds(topic.catalog(first_ms), "s", "max")
    assert holds(topic.catalog(second_ms - 1), "s", "max")
    assert not holds(topic.catalog(second_ms), "s", "max")
    assert holds(topic.catalog(second_ms), "s", "basic")
    assert holds(topic.catalog(second_ms - 1), "s", "pro")


def test_under_a_stream_clock_the_newest_is_in_force_from_the_start() -> None:
    topic = Topic(stream_clock=True)
    topic.save("s", AllOf((PRO, BOUGHT)), START_MS)
    topic.save("s", BOUGHT, START_MS + 1)
    assert topic.catalog(0).counted.by_key[key_of(BOUGHT)].since_ms == 0
    assert topic.records.segments.names() == ["s"]


def test_segments_that_two_operators_made_a_circle_at_once_hold_for_nobody_and_break_nothing() -> None:
    topic = Topic()
    topic.save("a", InSegment("b"), START_MS)
    topic.save("b", InSegment("a"), START_MS)
    topic.save("c", BASIC, START_MS)
    assert set(topic.catalog(START_MS + IN_FORCE_MS).segments) == {"c"}


def test_counting_begins_with_the_first_that_asks_and_goes_on_while_one_does() -> None:
    """Given a segment, then a campaign that asks the same, then a segment that does not, then since the segment."""
    topic, key = Topic(), key_of(BOUGHT)
    topic.save("s", BOUGHT, START_MS)
    topic.apply(a_campaign(AllOf((BOUGHT, PRO))), START_MS + 5_000)
    topic.save("s", PRO, START_MS + 9_000)
    assert topic.catalog(START_MS).counted.by_key[key].since_ms == START_MS + IN_FORCE_MS
    topic.end("c", START_MS + 20_000)
    assert key not in topic.catalog(START_MS + 99_000).counted.by_key
    topic.save("s", BOUGHT, START_MS + 30_000)
    assert topic.catalog(START_MS + 99_000).counted.by_key[key].since_ms == START_MS + 30_000 + IN_FORCE_MS


def test_an_older_version_of_a_live_campaign_is_still_counted_for() -> None:
    topic = Topic()
    topic.apply(a_campaign(BOUGHT), START_MS)
    topic.apply(a_campaign(PRO), START_MS + 5_000)
    assert key_of(BOUGHT) in topic.catalog(START_MS + 99_000).counted.by_key


@pytest.mark.parametrize(
    ("segments", "said"),
    [
        ({"s": InSegment("gld")}, "segment s: there is no segment 'gld' (did you mean 'gold'?)"),
        (
            {"gold": InSegment("s"), "s": InSegment("gold")},
            "segment gold: refers to itself: gold -> s -> gold",
        ),
        ({"gold": InSegment("silver")}, "segment gold: refers to itself: gold -> silver -> gold"),
    ],
)
def test_references_that_lead_nowhere_or_in_a_circle_are_refused_with_the_way(
    segments: dict[str, Condition], said: str
) -> None:
    topic = Topic()
    topic.save("gold", PRO, START_MS)
    topic.save("silver", InSegment("gold"), START_MS)
    with pytest.raises(ReferenceProblems) as raised:
        refuse_references(topic.records, [], [Segment(name, who) for name, who in segments.items()])
    assert said in raised.value.problems


def test_a_campaign_may_name_a_saved_segment_or_one_that_comes_with_it() -> None:
    topic = Topic()
    topic.save("gold", PRO, START_MS)
    refuse_references(topic.records, [a_campaign(InSegment("gold"))], [])
    refuse_references(topic.records, [a_campaign(InSegment("new"))], [Segment("new", InSegment("gold"))])
    with pytest.raises(ReferenceProblems, match="campaign c: there is no segment 'new'"):
        refuse_references(topic.records, [a_campaign(InSegment("new"))], [])


def test_a_campaign_with_lists_in_its_conditions_keeps_its_version_when_it_is_applied_again() -> None:
    """A list is read back as a list and was written as a tuple: they are the same."""
    topic = Topic()
    topic.apply(a_campaign(PRO), START_MS)
    topic.apply(a_campaign(Leaf("plan", Operator.IN, ("pro", "max"))), START_MS + 1)
    assert topic.records.newest("c") == 1
