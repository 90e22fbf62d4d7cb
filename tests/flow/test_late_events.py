"""A log in disorder within the allowed lateness, through the whole users actor, under a clock that goes on (C010t)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import DateTrigger, Repeat, Unless, When
from tests.domain.makers import a_campaign
from tests.domain.rules.test_inaction import (
    WITHIN_MS,
    Told,
    by_the_words,
    in_sorted_order,
    without_old_purchases,
)
from tests.flow.engine import Flow
from tests.flow.test_triggers import MINUTE, at, sent, track

LATENESS = 40
RULES = AppRules(max_lateness_ms=LATENESS * MINUTE * 1000, stream_clock=True)
Late = tuple[Told, int]


def arrival(late: Late) -> int:
    told, lateness = late
    return told.time_ms + lateness


def comes_after_a_push(late: Late, clock: int, history: list[Late]) -> bool:
    """Could a timer have fired already that this event is early enough for?"""
    told = late[0]
    return any(each.is_cart and told.time_ms <= each.time_ms + WITHIN_MS < clock for each, _ in history)


def in_time(history: list[Late]) -> list[Told]:
    """The log, by arrival; what would come after a push that it may change, comes at its own time instead."""
    log = sorted(history, key=arrival)
    while True:
        clock = -1
        for place, late in enumerate(log):
            if late[1] and comes_after_a_push(late, clock, history):
                log[place] = (late[0], 0)
                log.sort(key=arrival)
                break
            clock = max(clock, late[0].time_ms)
        else:
            return [told for told, _ in log]


def message(told: Told) -> dict[str, object]:
    name = "add_to_cart" if told.is_cart else "purchase"
    properties = {} if told.match is None else {"cart_id": told.match}
    return track(name, told.time_ms * MINUTE, f"e-{told.time_ms}", **properties)


TOLD = st.builds(Told, st.integers(0, 90), st.booleans(), st.sampled_from(["c1", "c2"]))
HISTORIES = st.lists(
    st.tuples(TOLD, st.integers(0, LATENESS)), max_size=12, unique_by=lambda late: late[0].time_ms
)


@pytest.mark.parametrize("repeat", list(Repeat))
@settings(max_examples=120, deadline=None)
@given(HISTORIES, st.integers(1, 5))
def test_a_log_in_disorder_sends_what_the_sorted_one_sends(
    repeat: Repeat, history: list[Late], turn_size: int
) -> None:
    """Given carts and purchases in minutes, each late by up to 40, then the reminders are those of the sorted log.

    But for a purchase from before a cart that the log has before it: see the next one.
    """
    log = without_old_purchases(in_time(history))
    assert reminded(log, repeat, turn_size) == in_sorted_order(log, repeat)


@pytest.mark.parametrize("repeat", [Repeat.RESTART, Repeat.EACH])
@settings(max_examples=120, deadline=None)
@given(HISTORIES, st.integers(1, 5))
def test_a_log_in_disorder_sends_what_the_words_say(
    repeat: Repeat, history: list[Late], turn_size: int
) -> None:
    """C010: a purchase that the log has after a cart cancels it, though it is from before the cart."""
    log = in_time(history)
    assert reminded(log, repeat, turn_size) == by_the_words(log, repeat)


def reminded(log: list[Told], repeat: Repeat, turn_size: int) -> list[int]:
    """The minutes of the carts whose reminder is sent."""
    when = When("add_to_cart", unless=Unless("purchase", WITHIN_MS * MINUTE * 1000, "cart_id"), repeat=repeat)
    flow = Flow([a_campaign(when=when)], RULES, turn_size)
    flow.feed(message(told) for told in log)
    flow.tick(at(300 * MINUTE))
    return sorted(int(name.removeprefix("e-")) for name in sent(flow))


def test_the_disorder_is_not_taken_out_of_every_history() -> None:
    """Given a purchase that is late within the time of its cart, then it stays late."""
    cart, purchase, other = Told(0, True, "c1"), Told(2, False, "c1"), Told(8, True, "c2")
    assert in_time([(cart, 0), (purchase, 7), (other, 0)]) == [cart, other, purchase]
    assert in_time([(cart, 0), (purchase, 30), (Told(20, True, "c2"), 0)])[1] == purchase


@settings(max_examples=120, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(100, 160), st.sampled_from(["t1", "t2"]), st.booleans()),
        max_size=9,
        unique_by=lambda told: told[0],
    ).flatmap(lambda told: st.tuples(st.just(told), st.permutations(told)))
)
def test_dates_in_any_order_are_those_of_the_newest_events(
    histories: tuple[list[tuple[int, int, str, bool]], list[tuple[int, int, str, bool]]],
) -> None:
    """C011: given bookings, moves and cancellations in any order before a push, then the newest word of each counts."""
    told, log = histories
    unless = Unless("cancelled", 0, "trip")
    when = When("booked", unless=unless, date=DateTrigger("departs", 0, None, "trip"))
    rules = AppRules(max_lateness_ms=3_600_000, stream_clock=True)
    flow = Flow([a_campaign(when=when)], rules)
    flow.feed(
        track("cancelled" if is_off else "booked", s * MINUTE, f"e-{s}", trip=trip, departs=at(due * MINUTE))
        for s, due, trip, is_off in log
    )
    flow.tick(at(300 * MINUTE))
    newest = {trip: (s, is_off) for s, _, trip, is_off in sorted(told)}
    assert sorted(sent(flow)) == sorted(f"e-{s}" for s, is_off in newest.values() if not is_off)
