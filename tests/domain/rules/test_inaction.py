"""Inaction in any order of the log: by the words of C010, and as in the sorted order (C010t)."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.catalog import make_plan
from app.domain.model.campaign import Repeat, Status, Unless, When
from app.domain.model.event import Event
from app.domain.model.user import Activity, Agenda, Profile, User, Waiting
from app.domain.qualify import due
from app.domain.rules import answers, inaction
from app.domain.rules.plan import Catalog
from tests.domain.makers import a_campaign

WITHIN_MS = 10
LONG_AGO_MS = -1_000


class Told(NamedTuple):
    """One event of a history: a cart or a purchase; `match` None: it has no such property."""

    time_ms: int
    is_cart: bool
    match: str | None


def in_sorted_order(history: list[Told], repeat: Repeat) -> list[int]:
    """The slow, obvious way: the times of the carts that are reminded, event after event by their times."""
    running: dict[str, list[int]] = {}
    fired: list[int] = []
    for told in sorted(history, key=lambda each: each.time_ms):
        for match, times in running.items():
            fired += [at_ms for at_ms in times if at_ms + WITHIN_MS < told.time_ms]
            running[match] = [at_ms for at_ms in times if at_ms + WITHIN_MS >= told.time_ms]
        if not told.is_cart:
            for match in [told.match] if told.match is not None else list(running):
                running[match] = []
            continue
        mine = running.setdefault(told.match or "", [])
        if repeat is Repeat.RESTART:
            mine.clear()
        if repeat is not Repeat.KEEP_FIRST or not mine:
            mine.append(told.time_ms)
    return sorted(fired + [at_ms for times in running.values() for at_ms in times])


def by_the_words(log: list[Told], repeat: Repeat) -> list[int]:
    """C010 as it is said: the carts that no purchase cancels and, under restart, no other cart takes over."""
    return sorted(
        cart.time_ms
        for place, cart in enumerate(log)
        if cart.is_cart
        and not any(concerns(told, cart) and told.time_ms <= cart.time_ms + WITHIN_MS for told in log[place:])
        and not any(concerns(told, cart) and is_within(told, cart) for told in log[:place])
        and (repeat is Repeat.EACH or not any(is_next(told, cart) and is_within(told, cart) for told in log))
    )


def concerns(told: Told, cart: Told) -> bool:
    """Is it a purchase of what is in this cart?"""
    return not told.is_cart and told.match in {None, cart.match}


def is_next(told: Told, cart: Told) -> bool:
    return told.is_cart and told.match == cart.match


def is_within(told: Told, cart: Told) -> bool:
    return cart.time_ms < told.time_ms <= cart.time_ms + WITHIN_MS


def without_old_purchases(log: list[Told]) -> list[Told]:
    """The log without those purchases that follow a cart of theirs which is from after them."""
    return [
        told
        for place, told in enumerate(log)
        if not any(
            cart.is_cart and concerns(told, cart) and told.time_ms < cart.time_ms for cart in log[:place]
        )
    ]


def decided(log: list[Told], repeat: Repeat, horizon_ms: int = LONG_AGO_MS) -> list[int]:
    """The core, over the events in this order; nothing fires before all are known."""
    when = When("cart", unless=Unless("purchase", WITHIN_MS, "cart_id"), repeat=repeat)
    plan = make_plan(a_campaign(when=when), 1)
    catalog = Catalog({(plan.id, 1): plan}, {plan.id: (Status.LIVE, 1)})
    user = User("u-1", Profile(), Activity(), Agenda())
    for number, told in enumerate(log):
        properties = {} if told.match is None else {"cart_id": told.match}
        name = "cart" if told.is_cart else "purchase"
        event = Event("u-1", f"e-{number}", told.time_ms, told.time_ms, name, properties)
        if told.is_cart:
            inaction.arm(user, plan, event, horizon_ms)
        else:
            answers.answered(user, catalog, event, told.time_ms, horizon_ms)
            answers.remember_answer(user, catalog.answers["purchase"], event, told.time_ms, horizon_ms)
    return fire(user, plan, 1 << 60)


def fire(user: User, plan: Any, until_ms: int) -> list[int]:
    """The times of the carts whose timers fire."""
    ready = [entry for entry in due(user, until_ms) if isinstance(entry, Waiting)]
    return sorted(entry.trigger.time_ms for entry in ready if inaction.fires(user, plan, entry, LONG_AGO_MS))


MATCHES = st.sampled_from(["c1", "c2"])
CARTS = st.builds(Told, st.integers(0, 60), st.just(value=True), MATCHES)
PURCHASES = st.builds(Told, st.integers(0, 60), st.just(value=False), st.one_of(st.none(), MATCHES))
HISTORIES = st.lists(st.one_of(CARTS, CARTS, PURCHASES), max_size=14, unique_by=lambda told: told.time_ms)


@pytest.mark.parametrize("repeat", list(Repeat))
@settings(max_examples=400, deadline=None)
@given(HISTORIES)
def test_any_order_of_the_log_fires_what_the_sorted_order_fires(repeat: Repeat, history: list[Told]) -> None:
    """Given carts and purchases of two carts in any order, all before a push, then the sorted order's are reminded.

    But for a purchase from before a cart that the log has before it: of that the words say something else.
    """
    log = without_old_purchases(history)
    assert decided(log, repeat) == in_sorted_order(log, repeat)


@pytest.mark.parametrize("repeat", [Repeat.RESTART, Repeat.EACH])
@settings(max_examples=400, deadline=None)
@given(HISTORIES)
def test_any_order_of_the_log_fires_what_the_words_say(repeat: Repeat, history: list[Told]) -> None:
    """C010: given any log, then a purchase read later cancels up to T, one read earlier only what is older than it."""
    assert decided(history, repeat) == by_the_words(history, repeat)


@pytest.mark.parametrize("repeat", list(Repeat))
def test_within_a_millisecond_the_order_of_the_log_decides(repeat: Repeat) -> None:
    """Given a purchase at the very time of the cart, then it cancels where it stands after it in the log."""
    cart, purchase = Told(5, True, "c1"), Told(5, False, "c1")
    assert decided([cart, purchase], repeat) == []
    assert decided([purchase, cart], repeat) == [5]


@pytest.mark.parametrize("repeat", list(Repeat))
def test_a_purchase_from_before_the_cart_cancels_where_the_log_has_it_after_the_cart(repeat: Repeat) -> None:
    """C010: a B later in the log with tB <= tA + T cancels; one earlier in the log only with tA < tB."""
    cart, purchase, other = Told(5, True, "c1"), Told(4, False, "c1"), Told(4, False, "c2")
    assert decided([cart, purchase], repeat) == []
    assert decided([purchase, cart], repeat) == [5]
    assert decided([cart, other], repeat) == [5]


def test_a_late_cart_before_one_that_was_answered_is_superseded_by_it() -> None:
    """Given a cart at 12, answered at 22, and late one of 3, then the later one ended its time."""
    log = [Told(12, True, "c1"), Told(22, False, "c1"), Told(3, True, "c1")]
    assert decided(log, Repeat.RESTART) == []


def test_a_late_purchase_lets_the_cart_run_that_was_left_to_the_first() -> None:
    """Given carts at 0 and 6 with a purchase of 3 between, then under keep_first the one at 6 is reminded.

    In the log, too, it is between them; where the log has it after both it cancels both, by the words of C010.
    """
    first, second, purchase = Told(0, True, "c1"), Told(6, True, "c1"), Told(3, False, "c1")
    assert decided([first, purchase, second], Repeat.KEEP_FIRST) == [6]
    assert decided([purchase, second, first], Repeat.KEEP_FIRST) == [6]
    assert decided([first, second, purchase], Repeat.KEEP_FIRST) == []


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 200), min_size=1, max_size=25, unique=True))
def test_what_is_forgotten_once_no_event_can_be_that_late_changes_nothing(times_ms: list[int]) -> None:
    """Given carts in order and a horizon that follows them, then keep_first reminds the same ones, and keeps few."""
    when = When("cart", unless=Unless("purchase", WITHIN_MS), repeat=Repeat.KEEP_FIRST)
    plan = make_plan(a_campaign(when=when), 1)
    user = User("u-1", Profile(), Activity(), Agenda())
    fired: list[int] = []
    for number, time_ms in enumerate(sorted(times_ms)):
        fired += fire(user, plan, time_ms - 1)
        inaction.arm(user, plan, Event("u-1", f"e-{number}", time_ms, time_ms, "cart", {}), time_ms - 1)
        assert len(user.agenda.entries) <= 2
    fired += fire(user, plan, 1 << 60)
    history = [Told(time_ms, True, None) for time_ms in times_ms]
    assert sorted(fired) == in_sorted_order(history, Repeat.KEEP_FIRST)
