"""Anonymous users become known ones: what was theirs is the user's, whenever it arrives (SPEC section 9, Anonymous)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import pytest

from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import (
    Campaign,
    Cap,
    Inbox,
    Quiet,
    QuietThen,
    Repeat,
    Unless,
    When,
)
from app.domain.model.mail import Outcome, Result
from app.domain.model.push import Order
from app.domain.model.reason import Reason
from app.domain.model.user import Held, OnItsWay, Waiting
from app.domain.rules.identity import message_id
from app.wire import encode_pack
from tests.domain.makers import a_campaign
from tests.flow.engine import TOPICS
from tests.flow.people import DAY_MS, People
from tests.flow.test_triggers import at

PHONE = {"id": "phone", "type": "android", "token": "t-phone"}
LAPTOP = {"id": "laptop", "type": "android", "token": "t-laptop"}
TWO = {"anon": 0, "anon-2": 0, "ann": 1, "bob": 1, "zoe": 0}
ONE = dict.fromkeys(TWO, 0)
WITHIN = Unless("purchase", 600_000, "cart_id")


def reminder(repeat: Repeat = Repeat.RESTART, **fields: Any) -> Campaign:
    """Cart and no purchase within ten minutes."""
    return a_campaign(when=When("add_to_cart", unless=WITHIN, repeat=repeat), **fields)


def said(
    name: str,
    seconds: float,
    message_id: str,
    event: str | None = None,
    device: Any = None,
    **properties: Any,
) -> dict[str, Any]:
    """A message under an id; without an event an `identify` with these traits."""
    who = "anonymousId" if name.startswith("anon") else "userId"
    kind = {"type": "identify", "traits": properties}
    if event is not None:
        kind = {"type": "track", "event": event, "properties": properties}
    context = {} if device is None else {"device": device}
    return kind | {who: name, "messageId": message_id, "timestamp": at(seconds), "context": context}


def joins(name: str, previous: str, seconds: float, kind: str = "identify", **traits: Any) -> dict[str, Any]:
    """The user says that an id was theirs."""
    named = {"alias": "previousId", "identify": "anonymousId"}[kind]
    return {
        "type": kind,
        "userId": name,
        named: previous,
        "messageId": f"{kind}-{name}-{previous}-{seconds}",
        "timestamp": at(seconds),
        "traits": traits,
    }


def ends(people: People) -> Counter[str]:
    """How often each step was taken, by user."""
    return Counter(f"{d['user']} {d['step']} {d.get('reason', '')}".strip() for d in people.decisions())


def orders(people: People) -> list[Order]:
    """What went to senders."""
    sent = [mail for flow in people.flows.values() for mail in flow.sent]
    found = [mail.value or b"" for mail in sent if mail.topic == TOPICS.sends("fcm")]
    return [msgspec.msgpack.decode(value, type=Order) for value in found]


def gone(order: Order, result: Result, reason: Reason | None = None) -> bytes:
    """A sender's last word."""
    target, push = order.targets[0], order.push
    return encode_pack(
        Outcome(
            push.user, push.message_id, push.campaign, target.device, target.token, "fcm", result, 1, reason
        )
    )


@pytest.mark.parametrize("place", [ONE, TWO], ids=["one partition", "two partitions"])
@pytest.mark.parametrize("kind", ["identify", "alias"])
def test_a_cart_of_the_anonymous_user_is_reminded_to_the_known_one(kind: str, place: dict[str, int]) -> None:
    """Given a cart before signing in, when nothing is bought, then one push, to the user, on that device."""
    people = People([reminder()], place)
    people.feed(
        said("anon", 0, "e0", device=PHONE, plan="pro"), said("anon", 1, "a1", "add_to_cart", cart_id="c1")
    )
    people.feed(joins("ann", "anon", 60, kind))
    people.settle()
    assert people.user("ann").profile.traits == {"plan": "pro"}
    people.tick(at(3600))
    (order,) = orders(people)
    assert (order.push.user, order.targets[0].token) == ("ann", "t-phone")
    assert order.push.message_id == message_id("cart-reminder", "ann", "a1")
    assert ends(people) == {"ann qualified": 1, "ann sent": 1}


@pytest.mark.parametrize("place", [ONE, TWO], ids=["one partition", "two partitions"])
def test_a_purchase_of_the_known_user_cancels_what_arrives_later(place: dict[str, int]) -> None:
    """Given a purchase under the user's id before the mail arrives, then the anonymous cart's timer does not run."""
    people = People([reminder()], place)
    people.feed(said("anon", 0, "a1", "add_to_cart", cart_id="c1", device=PHONE))
    people.feed(joins("ann", "anon", 60), said("ann", 61, "b1", "purchase", cart_id="c1"))
    people.settle()
    people.tick(at(3600))
    assert not list(people.decisions())
    assert people.user("ann").agenda.entries == []


def test_a_purchase_of_the_anonymous_user_cancels_the_known_ones_cart() -> None:
    """Given a cart under the user's id and a purchase under the anonymous one, then no reminder; c2 was not bought."""
    people = People([reminder()], TWO)
    people.feed(said("ann", 0, "a1", "add_to_cart", cart_id="c1", device=PHONE))
    people.feed(said("ann", 1, "a2", "add_to_cart", cart_id="c2"))
    people.feed(said("anon", 30, "b1", "purchase", cart_id="c1"), joins("ann", "anon", 60))
    people.settle()
    people.tick(at(3600))
    assert [d["trigger"]["event_id"] for d in people.decisions() if d["step"] == "sent"] == ["a2"]


@pytest.mark.parametrize(
    ("repeat", "expected"),
    [(Repeat.RESTART, ["a2"]), (Repeat.KEEP_FIRST, ["a1"]), (Repeat.EACH, ["a1", "a2"])],
)
def test_carts_under_two_ids_follow_repeat(repeat: Repeat, expected: list[str]) -> None:
    """Given a cart under each id within ten minutes, then `repeat` says whose timer runs."""
    people = People([reminder(repeat)], TWO)
    people.feed(said("ann", 300, "a2", "add_to_cart", cart_id="c1", device=PHONE))
    people.feed(said("anon", 0, "a1", "add_to_cart", cart_id="c1"), joins("ann", "anon", 301))
    people.settle()
    people.tick(at(3600))
    assert [d["trigger"]["event_id"] for d in people.decisions() if d["step"] == "sent"] == expected


def test_an_event_under_the_old_id_is_passed_on_whole_and_once() -> None:
    """Given events that still come under the anonymous id, then the user's partition decides each once."""
    people = People([a_campaign(), reminder(id="later")], TWO)
    people.feed(joins("ann", "anon", 0), said("ann", 1, "i1", device=PHONE))
    people.settle()
    late = said("anon", 10, "a1", "add_to_cart", cart_id="c1", device=LAPTOP)
    people.feed(late, late)
    people.settle()
    assert ends(people) == {"ann qualified": 1, "ann sent": 1}
    assert set(people.user("ann").profile.devices) == {"phone", "laptop"}
    assert people.user("anon").agenda.entries == []
    people.feed(said("anon", 20, "b1", "purchase", cart_id="c1"))
    people.settle()
    people.tick(at(3600))
    assert ends(people) == {"ann qualified": 1, "ann sent": 1}


def test_an_unknown_id_keeps_a_forward_all_the_same() -> None:
    """Given an id that nobody has heard of, when an event comes under it after all, then it is the user's."""
    people = People([a_campaign()], TWO)
    people.feed(joins("ann", "anon", 0))
    people.settle()
    forward = people.user("anon").forward
    assert forward is not None
    assert (forward.user, forward.partition) == ("ann", 1)
    people.feed(said("anon", 10, "a1", "add_to_cart", device=PHONE))
    people.settle()
    assert ends(people) == {"ann qualified": 1, "ann sent": 1}


def test_naming_the_same_id_again_changes_nothing() -> None:
    """Given `identify` on every page, then the id is asked once, and nothing is taken twice."""
    people = People([reminder()], TWO)
    people.feed(said("anon", 0, "a1", "add_to_cart", cart_id="c1", device=PHONE))
    people.feed(joins("ann", "anon", 1), joins("ann", "anon", 2), joins("ann", "anon", 3, "alias"))
    assert people.unread == 1 + 1  # the phone's token, and one question
    people.settle()
    people.feed(joins("ann", "anon", 4))
    assert not people.waiting
    people.tick(at(3600))
    assert ends(people) == {"ann qualified": 1, "ann sent": 1}


def test_of_two_users_who_name_one_id_the_first_has_its_past() -> None:
    """Given a shared device, then the first claim has devices and timers, and what comes under the id later."""
    people = People([reminder()], TWO)
    people.feed(said("anon", 0, "a1", "add_to_cart", cart_id="c1", device=PHONE))
    people.feed(joins("ann", "anon", 1))
    people.settle()
    people.feed(joins("bob", "anon", 2), said("anon", 3, "a2", "add_to_cart", cart_id="c2"))
    people.settle()
    people.tick(at(3600))
    assert ends(people) == {"ann qualified": 2, "ann sent": 2}
    assert people.user("bob").profile.devices == {}


@pytest.mark.parametrize("first", ["claimed at once", "one after the other"])
def test_ids_that_claim_each_other_end_as_one_of_them(first: str) -> None:
    """Given a→b and b→a, then the earlier claim holds and the other is passed over; mail does not go round."""
    people = People([reminder()], TWO)
    people.feed(said("zoe", 0, "a1", "add_to_cart", cart_id="c1", device=PHONE))
    people.feed(joins("ann", "zoe", 10, "alias"))
    if first == "one after the other":
        people.settle()
    people.feed(joins("zoe", "ann", 20, "alias"))
    people.settle()
    forward = people.user("zoe").forward
    assert forward is not None
    assert forward.user == "ann"
    assert people.user("ann").forward is None
    people.tick(at(3600))
    assert ends(people) == {"ann qualified": 1, "ann sent": 1}


def test_a_circle_of_three_is_broken_and_loses_nothing() -> None:
    """Given a→b→c→a at once, then mail ends, every id leads to one that is its own, and each timer fires once."""
    place = {"a": 0, "b": 1, "c": 2}
    people = People([reminder()], place)
    for number, name in enumerate(place):
        device = {"id": f"d-{name}", "type": "android", "token": f"t-{name}"}
        people.feed(said(name, number, f"cart-{name}", "add_to_cart", cart_id=name, device=device))
    people.feed(joins("b", "a", 10, "alias"), joins("c", "b", 11, "alias"), joins("a", "c", 12, "alias"))
    people.settle()
    roots = [name for name in place if people.user(name).forward is None]
    assert roots
    people.tick(at(3600))
    sent = [d["trigger"]["event_id"] for d in people.decisions() if d["step"] == "sent"]
    assert sorted(sent) == ["cart-a", "cart-b", "cart-c"]
    people.feed(said("a", 4000, "n1", plan="pro"))
    people.settle()
    assert [name for name in place if people.user(name).profile.traits] <= roots


def test_a_chain_of_ids_ends_at_the_last() -> None:
    """Given anon→ann and then ann→bob, then bob has everything, events in flight under anon included."""
    people = People([reminder()], TWO)
    people.feed(said("anon", 0, "a1", "add_to_cart", cart_id="c1", device=PHONE, city="Paris"))
    people.feed(joins("ann", "anon", 1), joins("bob", "ann", 2, "alias"))
    people.settle()
    people.feed(said("anon", 5, "a2", "add_to_cart", cart_id="c2"))
    people.settle()
    people.tick(at(3600))
    assert ends(people) == {"bob qualified": 2, "bob sent": 2}


def test_what_was_on_its_way_is_settled_for_the_user() -> None:
    """Given a push sent under the anonymous id that fails after the claim, then the user's cap has it back."""
    people = People(
        [a_campaign(inbox=Inbox(fallback=True, ttl_ms=DAY_MS))],
        TWO,
        AppRules(caps=(Cap(1),), stream_clock=True),
    )
    people.feed(said("anon", 0, "a1", "add_to_cart", device=PHONE), joins("ann", "anon", 1))
    people.settle()
    (entry,) = people.user("ann").agenda.entries
    assert isinstance(entry, OnItsWay)
    assert entry.message_id == message_id("cart-reminder", "anon", "a1")
    people.feed(said("ann", 2, "a2", "add_to_cart"))
    people.mail("anon", gone(orders(people)[0], Result.GONE, Reason.INVALID_TOKEN))
    people.settle()
    ann = people.user("ann")
    assert (ann.agenda.entries, ann.activity.pushes, ann.profile.devices["phone"].token) == ([], [], None)
    assert ends(people) == {
        "anon qualified": 1, "anon sent": 1, "ann qualified": 1, "ann dropped user_cap": 1,
        "ann failed invalid_token": 1, "ann inbox invalid_token": 1,
    }  # fmt: skip


def test_a_held_message_keeps_its_name_and_is_released_once() -> None:
    """Given a push held in quiet hours under the anonymous id, then it leaves for the user under the same id."""
    people = People([a_campaign(quiet=Quiet(600, 660, QuietThen.HOLD))], TWO)
    people.feed(said("anon", 60, "a1", "add_to_cart", device=PHONE), joins("ann", "anon", 61))
    people.settle()
    (held,) = people.user("ann").agenda.entries
    assert isinstance(held, Held)
    people.tick(at(3600))
    (order,) = orders(people)
    assert order.push.message_id == held.message_id == message_id("cart-reminder", "anon", "a1")
    assert ends(people) == {"anon qualified": 1, "anon held quiet_hours": 1, "ann released": 1, "ann sent": 1}


def test_a_held_message_is_dropped_where_the_other_id_has_answered() -> None:
    """Given a reminder held under the anonymous id and a purchase under the user's, then it is cancelled."""
    people = People([reminder(quiet=Quiet(600, 660, QuietThen.HOLD))], TWO)
    people.feed(said("anon", 0, "a1", "add_to_cart", cart_id="c1", device=PHONE))
    people.flows[0].tick(at(700))
    people.feed(said("ann", 1000, "b1", "purchase", cart_id="c1"), joins("ann", "anon", 1001))
    people.settle()
    assert ends(people) == {"anon qualified": 1, "anon held quiet_hours": 1, "ann dropped cancelled": 1}


def test_an_event_that_both_ids_brought_counts_once() -> None:
    """Given a client that sends its backlog again under the new id, then the cart is reminded once."""
    people = People([reminder(Repeat.EACH)], TWO)
    people.feed(said("anon", 0, "a1", "add_to_cart", cart_id="c1", device=PHONE))
    people.feed(said("ann", 0, "a1", "add_to_cart", cart_id="c1"), joins("ann", "anon", 1))
    people.settle()
    assert [type(entry) for entry in people.user("ann").agenda.entries] == [Waiting]
    people.feed(said("anon", 5, "a1", "add_to_cart", cart_id="c1"))
    people.settle()
    people.tick(at(3600))
    assert ends(people) == {"ann qualified": 1, "ann sent": 1}


def test_the_pushes_of_both_ids_count_against_one_cap() -> None:
    """Given two a day, one under each id, then the third is dropped."""
    people = People([a_campaign()], TWO, AppRules(caps=(Cap(2),), stream_clock=True))
    people.feed(said("anon", 0, "a1", "add_to_cart", device=PHONE))
    people.feed(said("ann", 1, "a2", "add_to_cart", device=LAPTOP), joins("ann", "anon", 2))
    people.settle()
    people.feed(said("ann", 3, "a3", "add_to_cart"))
    assert ends(people)["ann dropped user_cap"] == 1


def test_many_open_timers_come_in_parts() -> None:
    """Given a hundred open carts, then all of them come, in mail of bounded size."""
    people = People([reminder()], TWO)
    for number in range(100):
        people.feed(said("anon", number, f"a{number}", "add_to_cart", cart_id=number, text="x" * 30_000))
    people.feed(joins("ann", "anon", 200))
    people.settle()
    assert not people.dead()
    assert len(people.user("ann").agenda.entries) == 100
    assert people.user("anon").agenda.entries == []
