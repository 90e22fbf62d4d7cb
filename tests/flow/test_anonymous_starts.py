"""Timers that are over under one id, and what another id of the same person has to know of them (C010t, section 9)."""

from __future__ import annotations

import pytest

from app.domain.model.campaign import DateTrigger, Repeat, When
from app.domain.rules.identity import message_id
from tests.domain.makers import a_campaign
from tests.flow.people import People
from tests.flow.test_anonymous import LAPTOP, PHONE, TWO, ends, joins, reminder, said
from tests.flow.test_triggers import at


@pytest.mark.parametrize("repeat", [Repeat.RESTART, Repeat.KEEP_FIRST])
def test_a_timer_that_fired_under_the_old_id_stands_for_both(repeat: Repeat) -> None:
    """Given a cart under each id within ten minutes and one reminder sent already, then no second one is."""
    people = People([reminder(repeat)], TWO)
    first, second = (0, 300) if repeat is Repeat.KEEP_FIRST else (300, 0)
    people.feed(said("anon", first, "a1", "add_to_cart", cart_id="c1", device=PHONE))
    people.flows[0].tick(at(1000))
    people.feed(said("ann", second, "a2", "add_to_cart", cart_id="c1", device=LAPTOP))
    people.feed(joins("ann", "anon", 301))
    people.settle()
    people.tick(at(3600))
    assert ends(people) == {"anon qualified": 1, "anon sent": 1}


def test_an_answer_after_the_old_id_was_sent_to_names_that_message() -> None:
    """C010t: given a reminder sent under the old id, when the user's purchase of that time comes, it was too late."""
    people = People([reminder()], TWO)
    people.feed(said("anon", 0, "a1", "add_to_cart", cart_id="c1", device=PHONE))
    people.flows[0].tick(at(700))
    people.feed(joins("ann", "anon", 301))
    people.settle()
    people.feed(said("ann", 599, "b1", "purchase", cart_id="c1"), said("ann", 599, "b2", "purchase"))
    told = [d for d in people.decisions() if d["step"] == "answered"]
    assert [(d["user"], d["message_id"]) for d in told] == [
        ("ann", message_id("cart-reminder", "anon", "a1"))
    ]


def test_a_newer_date_of_the_old_id_counts_though_it_waits_for_nothing() -> None:
    """C011: given that the old id told a date that had passed, then an older word of the user's plans nothing."""
    campaign = a_campaign(when=When("booked", date=DateTrigger("departs", 0, None, "trip")))
    people = People([campaign], TWO)
    people.feed(said("ann", 0, "a1", "booked", trip="t", departs=at(2000), device=PHONE))
    people.feed(said("anon", 50, "a2", "booked", trip="t", departs=at(10), device=LAPTOP))
    people.feed(joins("ann", "anon", 60))
    people.settle()
    people.tick(at(3600))
    assert ends(people) == {"anon qualified": 1, "anon dropped too_late": 1}
