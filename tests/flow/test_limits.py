"""Limits over several partitions: waited for, given back, by the day, by the user, changed, stopped (C023-C027)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from app.domain import decide
from app.domain.deliver import Context
from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Cap, Inbox, Limits, Status, Unless, When
from app.domain.model.effect import Send
from app.domain.model.event import DeviceReport, Event, PushStatus, Said
from app.domain.model.mail import Result
from app.domain.model.reason import Reason
from app.domain.model.user import Activity, Agenda, Profile, User
from tables.catalog_writer import Act, ended, paused, resumed
from tests.domain.makers import a_campaign
from tests.flow.engine import Flow
from tests.flow.limited import STARTS_S, accepts, cart, limited, said
from tests.flow.test_triggers import track
from tests.flow.town import Town


def test_what_is_in_flight_is_waited_for_and_what_fails_is_given_to_the_next() -> None:
    """Given 1 in all, when the first is in flight, then the second waits; it goes once the first has failed (C026)."""
    town = Town([limited(1)], partitions=2)
    town.feed([cart(1)])
    town.run()
    town.feed([cart(2), cart(3)])
    town.run()
    assert (len(town.orders), town.steps("held")) == (1, ["held total_limit"] * 3)
    town.tell(said(town.orders[0], Result.FAILED, Reason.PROVIDER_REJECTED))
    town.run()
    assert len(town.orders) == 2
    town.tell(accepts(town.orders[1]))
    town.run()
    assert town.steps("dropped") == ["dropped total_limit"]
    assert town.status("cart-reminder") is Status.ENDED
    standing = town.catalog.records.standings["cart-reminder"][0].current
    assert (standing.reason, standing.actor) == ("limit reached", "coordinator")


def test_an_answer_that_never_came_keeps_its_reservation() -> None:
    """Given 1 in all and a call that was never answered, when its sender gives up, then it counts as accepted."""
    town = Town([limited(1, inbox=Inbox(fallback=True, ttl_ms=86_400_000))], partitions=2)
    town.feed([cart(1), cart(2)])
    town.run()
    town.tell(said(town.orders[0], Result.FAILED, Reason.EXPIRED, unanswered=True))
    town.run()
    assert (len(town.orders), town.status("cart-reminder")) == (1, Status.ENDED)
    assert town.steps("accepted", "failed", "inbox", "dropped") == ["accepted expired", "dropped total_limit"]


def test_an_inbox_delivery_takes_one_too() -> None:
    """Given 2 in all, a user without a device and one whose device refuses, then two are reached by inbox."""
    town = Town([limited(2, inbox=Inbox(fallback=True, ttl_ms=86_400_000))], partitions=2)
    town.feed([track("add_to_cart", 1, "a1", "u1") | {"context": {}}, cart(2)])
    town.run()
    town.tell(said(town.orders[0], Result.FAILED, Reason.PROVIDER_REJECTED))
    town.feed([cart(3)])
    town.run()
    assert town.steps("inbox") == ["inbox no_device", "inbox provider_rejected"]
    assert town.steps("dropped") == ["dropped total_limit"]
    assert town.status("cart-reminder") is Status.ENDED


def test_with_a_total_a_user_is_reached_once() -> None:
    """Given a total, when a user qualifies again, then it is dropped; once the first has failed, the next may go."""
    town = Town([limited(50)], partitions=2)
    town.feed([cart(1, 1, "u1"), cart(2, 2, "u2")])
    town.run()
    town.feed([cart(3, 3, "u1"), cart(4, 4, "u2")])
    town.run()
    assert town.steps("dropped") == ["dropped per_user_limit"] * 2
    town.tell(said(town.orders[0], Result.FAILED, Reason.PROVIDER_REJECTED))
    town.run()
    town.feed([cart(5, 5, "u1"), cart(6, 6, "u2")])
    town.run()
    assert town.steps("dropped") == ["dropped per_user_limit"] * 3
    assert len(town.orders) == 3


def test_a_number_per_user_needs_no_coordinator() -> None:
    """Given two per user and no total, then the third is dropped at once, and nobody waits."""
    town = Town([a_campaign(limits=Limits(per_user=2))], partitions=2)
    town.feed([cart(number, number, "u1") for number in range(3)])
    town.run()
    assert town.steps("held", "sent", "dropped") == ["sent", "sent", "dropped per_user_limit"]
    assert not any(town.log("town.campaigns.mail", number) for number in range(2))


def test_a_campaign_without_limits_asks_nobody() -> None:
    """Given no limits, then the coordinator hears nothing and no lease is kept."""
    town = Town([a_campaign()], partitions=2, answer=accepts)
    town.feed(cart(number) for number in range(9))
    town.run()
    assert len(town.orders) == 9
    assert not any(town.log("town.campaigns.mail", number) for number in range(2))


def test_a_day_that_is_given_out_drops_the_rest_and_the_next_day_goes_on() -> None:
    """Given 2 a day, when 5 qualify on each of two days, then 2 and 2 are sent, the rest dropped (C027)."""
    town = Town([a_campaign(limits=Limits(daily=2))], partitions=2, answer=accepts)
    day_s = 86_400
    for day in (0, 1):
        town.feed(cart(100 * day + number, day * day_s + number) for number in range(5))
        town.run()
    assert Counter(town.steps("dropped")) == {"dropped daily_limit": 6}
    assert len(town.orders) == 4
    assert town.status("cart-reminder") is Status.LIVE


def test_who_waits_for_a_day_is_dropped_when_it_is_over() -> None:
    """Given 1 a day that is in flight, when the day ends, then whoever waits is dropped, and is not the next day's."""
    town = Town([a_campaign(limits=Limits(daily=1))], partitions=1)
    town.feed([cart(1), cart(2)])
    town.run()
    town.feed([cart(3, 86_400)])
    town.run()
    assert town.steps("dropped") == ["dropped daily_limit"]
    assert [order.push.user for order in town.orders] == ["u1", "u3"]


def test_two_campaigns_that_are_granted_at_once_share_a_cap() -> None:
    """Given a cap of one a day and two limited campaigns that wait for a user, then one is sent, the other capped."""
    both = [limited(30, id="one"), limited(30, id="two")]
    town = Town(both, partitions=2)
    town.caps(Cap(1))
    town.feed(cart(number) for number in range(20))
    town.run()
    assert sorted(town.steps("sent", "dropped")) == ["dropped user_cap"] * 20 + ["sent"] * 20
    assert len({order.push.user for order in town.orders}) == 20


def test_what_caps_refuse_goes_to_the_next() -> None:
    """Given 1 in all and a first who is capped meanwhile, then the second gets it."""
    town = Town([limited(1, id="scarce"), a_campaign(id="other")], partitions=1)
    town.caps(Cap(1))
    town.feed([cart(1), cart(2) | {"event": "nothing"}])
    town.run()
    assert town.steps("dropped") == ["dropped user_cap"]
    town.change(ended(town.catalog.records, "other", Act(0)))
    town.feed([cart(3)])
    town.run()
    assert [order.push.campaign for order in town.orders] == ["other", "scarce"]


def test_a_purchase_cancels_whoever_waits_and_the_next_gets_it() -> None:
    """Given two who wait for the last one, when the first of them buys, then it goes to the other."""
    when = When("add_to_cart", unless=Unless("purchase", 600_000))
    town = Town([limited(1, when=when)], partitions=1)
    town.feed([cart(1), cart(2, 2), cart(3, 3)])
    town.feed([track("tick_of_somebody", 605, "t1", "u9")])
    town.run()
    town.feed([track("purchase", 606, "p2", "u2") | {"context": {}}])
    town.run()
    town.tell(said(town.orders[0], Result.FAILED, Reason.PROVIDER_REJECTED))
    town.run()
    assert [order.push.user for order in town.orders] == ["u1", "u3"]
    assert town.steps("dropped") == ["dropped cancelled"]


def test_a_raised_total_serves_those_who_wait() -> None:
    """Given 1 that is in flight and others who wait, when a version says 3, then two more go."""
    town = Town([limited(1)], partitions=2)
    town.feed(cart(number) for number in range(5))
    town.run()
    assert len(town.orders) == 1
    town.apply(limited(3))
    town.look()
    assert len(town.orders) == 3


def test_a_lowered_total_holds_from_the_next_message_on() -> None:
    """Given 3 reached of 100, when a version says 3, then the campaign ends without another message."""
    town = Town([limited(100)], partitions=2, answer=accepts)
    town.feed(cart(number) for number in range(3))
    town.run()
    town.apply(limited(3))
    town.feed(cart(number) for number in range(10, 15))
    town.run()
    assert len(town.orders) == 3
    assert town.status("cart-reminder") is Status.ENDED


def test_a_total_that_is_lowered_below_what_is_used_ends_the_campaign_by_itself() -> None:
    """Given 3 reached of 100, when a version says 2 and nobody qualifies, then the campaign ends all the same."""
    town = Town([limited(100)], partitions=2, answer=accepts)
    town.feed(cart(number) for number in range(3))
    town.run()
    town.apply(limited(2))
    town.look()
    assert town.status("cart-reminder") is Status.ENDED


def test_limits_that_are_taken_away_let_everybody_go() -> None:
    """Given some who wait, when a version has no limits, then they go."""
    town = Town([limited(1)], partitions=2)
    town.feed(cart(number) for number in range(5))
    town.run()
    town.apply(a_campaign())
    town.look()
    assert len(town.orders) == 5


@pytest.mark.parametrize("act", [paused, ended])
def test_a_campaign_that_is_stopped_by_hand_lets_nobody_wait(act: Any) -> None:
    """Given some who wait, when it is paused or ended, then they are dropped as not live."""
    town = Town([limited(1)], partitions=2)
    town.feed(cart(number) for number in range(5))
    town.run()
    town.change(act(town.catalog.records, "cart-reminder", Act(0)))
    town.look()
    assert town.steps("dropped") == ["dropped not_live"] * 4


def test_a_paused_campaign_goes_on_where_it_stood() -> None:
    """Given 2 reached of 3, when it is paused and resumed, then one more is reached, and it ends."""
    town = Town([limited(3)], partitions=2, answer=accepts)
    town.feed([cart(1), cart(2)])
    town.run()
    town.change(paused(town.catalog.records, "cart-reminder", Act(0)))
    town.feed([cart(3), cart(4)])
    town.run()
    town.change(resumed(town.catalog.records, "cart-reminder", Act(0)))
    town.feed([cart(5), cart(6)])
    town.run()
    assert town.steps("dropped") == ["dropped total_limit"]
    assert (len(town.orders), town.status("cart-reminder")) == (3, Status.ENDED)


def test_an_end_is_not_undone_by_a_command_that_had_not_read_of_it() -> None:
    """Given a pause that was computed before the campaign ended, when it is written after, then it stays ended."""
    town = Town([limited(1)], partitions=1, answer=accepts)
    late = paused(town.catalog.records, "cart-reminder", Act(0))
    town.feed([cart(1), cart(2)])
    town.run()
    assert town.status("cart-reminder") is Status.ENDED
    town.change(late)
    assert town.status("cart-reminder") is Status.ENDED
    assert town.catalog.records.overruled == {"cart-reminder"}


def test_a_replay_in_one_hand_counts_as_the_coordinator_does() -> None:
    """Given no coordinator and no mail, then a context of its own still lets exactly the total through."""
    flow = Flow([limited(3)])
    context = Context(flow.catalog.catalog, flow.catalog.catalog, AppRules(stream_clock=True), 1_000)
    sent = 0
    for number in range(9):
        who = Said(DeviceReport("d", "android", f"t{number}", PushStatus.ALLOWED))
        user = User(f"u{number}", Profile(), Activity(), Agenda())
        event = Event(user.id, f"m{number}", 1_000, 1_000, "add_to_cart", {}, None, who)
        sent += sum(isinstance(each, Send) for each in decide.on_event(user, event, number, context))
    assert sent == 3


def test_a_failing_turn_of_one_who_waits_costs_the_others_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a waiting user whom nobody can decide on, then that message ends, and the next is served."""
    on_turn = decide.on_turn

    def spoilt(user: User, *others: Any) -> Any:
        if user.id == "u1":
            raise ValueError("nobody can decide on this one")
        return on_turn(user, *others)

    monkeypatch.setattr(decide, "on_turn", spoilt)
    town = Town([limited(2)], partitions=1, answer=accepts)
    town.feed([cart(1), cart(2), cart(3)])
    town.run()
    assert len(town.log("town.dead-letters", 0)) == 1
    assert sorted(order.push.user for order in town.orders) == ["u2", "u3"]
    assert town.status("cart-reminder") is Status.ENDED


def test_steps_of_a_held_message_are_told_in_order() -> None:
    """Given one that waits for the coordinator, then: qualified, held, released, sent, accepted."""
    town = Town([limited(1)], partitions=1, answer=accepts)
    town.feed([cart(1)])
    town.run()
    assert town.steps("qualified", "held", "released", "sent", "accepted") == [
        "qualified", "held total_limit", "released", "sent", "accepted",
    ]  # fmt: skip
    assert "until" not in next(each for each in town.decisions if each["step"] == "held")


def test_an_id_that_is_claimed_takes_its_turn_with_it() -> None:
    """Given an anonymous id that waits for the last one, when a user claims it, then the user gets it, and ends it."""
    town = Town([limited(1)], partitions=3)
    town.feed([cart(1)])
    town.run()
    anonymous = cart(2, 2, "a2")
    del anonymous["userId"]
    town.feed([anonymous | {"anonymousId": "a2"}])
    town.run()
    town.feed(
        [{"type": "identify", "userId": "u2", "anonymousId": "a2", "timestamp": STARTS_S + 3, "traits": {}}]
    )
    town.run()
    town.tell(said(town.orders[0], Result.FAILED, Reason.PROVIDER_REJECTED))
    town.run()
    assert [order.push.user for order in town.orders] == ["u1", "u2"]
    town.tell(accepts(town.orders[1]))
    town.run()
    assert town.status("cart-reminder") is Status.ENDED


def test_a_message_on_its_way_under_a_claimed_id_is_counted_once() -> None:
    """Given a message on its way to an id that is claimed meanwhile, when it is accepted, then the total is reached."""
    town = Town([limited(1)], partitions=3)
    anonymous = cart(1, 1, "a1")
    del anonymous["userId"]
    town.feed([anonymous | {"anonymousId": "a1"}])
    town.run()
    town.feed(
        [{"type": "identify", "userId": "u1", "anonymousId": "a1", "timestamp": STARTS_S + 2, "traits": {}}]
    )
    town.feed([cart(5, 3, "u5")])
    town.run()
    town.tell(accepts(town.orders[0]))
    town.feed([cart(6, 4, "u1")])
    town.run()
    assert (len(town.orders), town.status("cart-reminder")) == (1, Status.ENDED)
    assert sorted(town.steps("dropped")) == ["dropped per_user_limit", "dropped total_limit"]
