"""C012: what is counted, from when on, and that the log before it and the events after it make the whole."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.model.condition import AllOf, Did, InSegment, Leaf, NoneOf, Operator
from app.domain.model.event import Event
from app.domain.model.user import Activity, Agenda, Profile, User
from app.domain.rules import recent
from app.domain.rules.counting import Asked, Counted, count, counter_of, dids, fill, key_of
from app.domain.rules.past import Past

BOUGHT = Did("purchase", within_ms=7 * 86_400_000)
DEAR = Did("purchase", where=Leaf("total", Operator.GTE, 50))
START_MS = 1_795_000_000_000


def an_event(name: str, number: int, at_ms: int, **properties: Any) -> Event:
    return Event("u-1", f"e-{number}", START_MS + at_ms, START_MS + at_ms, name, properties)


def a_user() -> User:
    return User("u-1", Profile(), Activity(), Agenda())


def take(user: User, event: Event, counted: Counted) -> None:
    """As the users actor does: a repeat is left out, then whatever is asked about is counted."""
    if recent.is_new(user.activity, event.message_id):
        count(user, counted.by_event.get(event.name or "", ()), event, counted)


def test_campaigns_that_ask_the_same_share_a_kind_and_others_do_not() -> None:
    again = Did("purchase", least=3, within_ms=6 * 86_400_000)
    counted = Counted(map(Asked, (BOUGHT, again, DEAR, Did("purchase"))))
    assert key_of(BOUGHT) == key_of(again)
    assert sorted(counted.by_key) == sorted({key_of(BOUGHT), key_of(DEAR), key_of(Did("purchase"))})
    assert len(counted.by_event["purchase"]) == 3


def test_a_condition_asks_through_groups_and_leaves_segments_to_themselves() -> None:
    asked = AllOf((BOUGHT, NoneOf((DEAR, InSegment("s"))), Leaf("country", Operator.IS, "US")))
    assert list(dids(asked)) == [BOUGHT, DEAR]


def test_a_kind_is_counted_from_the_first_who_asks_without_a_gap() -> None:
    def since(*spans: tuple[int, int | None]) -> int | None:
        kinds = Counted(Asked(DEAR, *span) for span in spans).by_key
        return kinds[key_of(DEAR)].since_ms if kinds else None

    assert since((5, None)) == 5
    assert since((5, None), (3, 4)) == 5
    assert since((5, None), (3, 5)) == 3
    assert since((7, None), (2, 9), (1, 3)) == 1
    assert since((1, 3)) is None


def test_events_that_kafka_took_before_anybody_asked_are_not_counted() -> None:
    counted, user = Counted([Asked(DEAR, START_MS + 10)]), a_user()
    take(user, an_event("purchase", 1, 9, total=60), counted)
    take(user, an_event("purchase", 2, 10, total=60), counted)
    take(user, an_event("purchase", 3, 11, total=40), counted)
    assert user.history.counters[key_of(DEAR)].total == 1


def test_what_was_counted_for_somebody_who_stopped_asking_counts_no_more() -> None:
    """Given a kind that is asked about again after a gap, then it begins anew, and what nobody asks about goes."""
    user, before = a_user(), Counted([Asked(DEAR, START_MS), Asked(BOUGHT, START_MS)])
    take(user, an_event("purchase", 1, 5, total=60), before)
    again = Counted([Asked(DEAR, START_MS + 100)])
    assert counter_of(user.history, again.by_key[key_of(DEAR)]) is None
    take(user, an_event("purchase", 2, 200, total=60), again)
    assert {key: each.total for key, each in user.history.counters.items()} == {key_of(DEAR): 1}


LOG = st.lists(
    st.tuples(
        st.integers(0, 25), st.integers(-30, 90), st.sampled_from(["purchase", "other"]), st.sampled_from([10, 60])
    ),
    max_size=60,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(LOG, st.integers(0, 60), st.booleans())
def test_the_log_before_and_the_events_after_make_the_whole(
    log: list[tuple[int, int, str, int]], split: int, fill_first: bool
) -> None:
    """Given any log with repeats and late events, and a kind asked about from somewhere in it on, then live counts and
    backfill together are the counts of everything; the second mail changes nothing."""
    events = [
        Event("u-1", f"e-{number}", START_MS + late * 86_400_000, START_MS + at, name, {"total": total})
        for at, (number, late, name, total) in enumerate(log)
    ]
    asked = [Asked(BOUGHT, START_MS + split), Asked(DEAR, START_MS + split)]
    counted, whole = Counted(asked), Counted(each._replace(from_ms=0) for each in asked)
    past, live, all_along = Past(counted), a_user(), a_user()
    for event in events:
        past.take(event)
        take(all_along, event, whole)
    mail = dict(past.found()).get("u-1", {})
    for event in events[: len(events) if not fill_first else 0]:
        take(live, event, counted)
    fill(live, mail, counted)
    fill(live, mail, counted)
    for event in events if fill_first else ():
        take(live, event, counted)
    assert {key: _seen(each) for key, each in live.history.counters.items()} == {
        key: _seen(each) for key, each in all_along.history.counters.items()
    }


def _seen(counter: Any) -> tuple[Any, ...]:
    return counter.total, counter.first_ms, counter.last_ms, counter.recent, counter.days
