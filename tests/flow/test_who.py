"""WHO through the whole users actor: devices are selected, the past is counted, segments are resolved."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from app.domain.files.campaign import load
from app.domain.model.campaign import Campaign, Inbox, Quiet, QuietThen, Segment, Unless, When
from app.domain.model.condition import (
    AllOf,
    Did,
    InSegment,
    IsReachable,
    Leaf,
    Near,
    NoneOf,
    OfDevice,
    Operator,
    PushIs,
)
from app.domain.model.event import Place, PushStatus
from app.domain.model.history import Counter
from app.domain.model.mail import IdClaim, PastCounted
from app.domain.rules.counting import key_of
from app.wire import EventReader, encode_pack
from tables.users import HISTORY
from tests.domain.makers import a_campaign
from tests.flow.engine import TOPICS, Flow
from tests.flow.test_delivery import identify, items, orders
from tests.flow.test_triggers import at, sent, steps, track

DAY_S = 86_400
ANDROID_NEW = AllOf(
    (OfDevice(Leaf("os", Operator.IS, "android")), OfDevice(Leaf("app_version", Operator.GTE, "3.2.0")))
)
BOUGHT_TWICE = Did("purchase", least=2, within_ms=3_600_000)


def device(device_id: str, version: str, **fields: Any) -> dict[str, Any]:
    """An identify that brings a device with this version of the app."""
    message = identify(id=device_id, token=f"t-{device_id}", **fields)
    message["context"]["app"] = {"version": version}
    return message


def cart(seconds: float, message_id: str, **context: Any) -> dict[str, Any]:
    """An event that says nothing of the device."""
    return track("add_to_cart", seconds, message_id) | {"context": context}


def bought(seconds: float, message_id: str, **properties: Any) -> dict[str, Any]:
    return track("purchase", seconds, message_id, **properties)


def test_the_push_goes_to_the_devices_for_which_who_holds() -> None:
    """Given an old and a new app, then only the new one gets it."""
    flow = Flow([a_campaign(who=ANDROID_NEW)])
    flow.feed([device("d1", "3.1.9"), device("d2", "3.10.0"), cart(1, "a1")])
    assert [target.device for target in orders(flow)[0].targets] == ["d2"]
    assert steps(flow) == ["qualified", "sent"]


def test_a_user_none_of_whose_devices_fit_does_not_qualify() -> None:
    flow = Flow([a_campaign(who=ANDROID_NEW)])
    flow.feed([device("d1", "3.1.9"), cart(1, "a1")])
    assert steps(flow) == []


def test_the_surface_is_decided_among_the_chosen_devices_alone() -> None:
    """Given a blocked device that is chosen and an allowed one that is not, then the inbox, for the blocked one."""
    flow = Flow([a_campaign(who=ANDROID_NEW, inbox=Inbox(fallback=True, ttl_ms=1000))])
    flow.feed([device("d1", "3.1.9"), device("d2", "3.10.0", push="blocked"), cart(1, "a1")])
    assert steps(flow) == ["qualified", "inbox push_blocked"]
    assert len(items(flow)) == 1


def test_a_device_that_fits_no_more_when_a_hold_ends_is_left_out() -> None:
    """Given a push held over quiet hours, and a device that is downgraded meanwhile, then it is not sent to."""
    flow = Flow([a_campaign(who=ANDROID_NEW, quiet=Quiet(600, 660, QuietThen.HOLD))])
    flow.feed([device("d1", "3.2.0"), device("d2", "3.2.0"), cart(60, "a1")])
    flow.feed([device("d1", "3.1.0") | {"messageId": "i-9", "timestamp": at(120)}])
    flow.tick(at(3600))
    assert [target.device for target in orders(flow)[0].targets] == ["d2"]


def test_reachable_and_push_status_choose_devices_too() -> None:
    reach = a_campaign(id="reach", who=IsReachable())
    ask = a_campaign(id="ask", who=PushIs(PushStatus.ASK))
    flow = Flow([reach, ask])
    flow.feed([device("d1", "1", push="ask"), device("d2", "1"), cart(1, "a1")])
    assert [(each["campaign"], each["step"], each.get("reason")) for each in flow.decisions()] == [
        ("ask", "qualified", None), ("ask", "dropped", "push_ask"),
        ("reach", "qualified", None), ("reach", "sent", None),
    ]  # fmt: skip
    assert [target.device for target in orders(flow)[0].targets] == ["d2"]


def test_the_past_is_counted_within_its_window_and_the_trigger_counts_itself() -> None:
    """Given "bought twice within an hour" on a purchase, then the second within the hour triggers and no other."""
    flow = Flow([a_campaign(when=When("purchase"), who=BOUGHT_TWICE)])
    flow.feed([bought(0, "b1"), bought(3600, "b2"), bought(7201, "b3")])
    assert sent(flow) == ["b2"]


def test_repeated_and_late_events_count_once_each_at_their_own_time() -> None:
    """Given a repeat and a purchase that comes an hour late, then two purchases are counted."""
    flow = Flow([a_campaign(who=Did("purchase", least=2, most=2))])
    flow.feed([bought(7200, "b1"), bought(7200, "b1"), bought(0, "b2"), cart(7201, "a1")])
    assert sent(flow) == ["a1"]


def test_never_did_it_until_it_is_done() -> None:
    flow = Flow([a_campaign(who=Did("purchase", Leaf("total", Operator.GTE, 50), least=0, most=0))])
    flow.feed([identify(token="t1"), cart(1, "a1"), bought(2, "b1", total=10), cart(3, "a2")])
    flow.feed([bought(4, "b2", total=50), cart(5, "a3")])
    assert sent(flow) == ["a1", "a2"]


def test_an_inaction_asks_about_the_past_at_its_end() -> None:
    """Given a purchase between the cart and its time, then "never bought" holds no more."""
    when = When("add_to_cart", unless=Unless("checkout", 600_000))
    flow = Flow([a_campaign(when=when, who=Did("purchase", least=0, most=0))], turn_size=1)
    flow.feed([identify(token="t1"), cart(0, "a1"), bought(10, "b1"), cart(20, "a2")])
    flow.tick(at(3600))
    assert sent(flow) == []


def test_nothing_is_stored_of_events_that_nobody_asks_about() -> None:
    flow = Flow([a_campaign(who=BOUGHT_TWICE)])
    flow.feed([track("view", number, f"v{number}") for number in range(10)])
    assert flow.store.get(HISTORY.prefix + b"u1") is None
    flow.feed([bought(20, "b1")])
    assert (
        HISTORY.decode(flow.store.get(HISTORY.prefix + b"u1") or b"").counters[key_of(BOUGHT_TWICE)].total
        == 1
    )


def test_the_state_is_the_same_whatever_the_size_of_turns() -> None:
    messages = [bought(number * 7 % 50, f"b{number}") for number in range(60)]
    stored = []
    for size in (1, 7, 100):
        flow = Flow([a_campaign(who=BOUGHT_TWICE)], turn_size=size)
        flow.feed(messages)
        stored.append(flow.store.get(HISTORY.prefix + b"u1"))
    assert stored[0] == stored[1] == stored[2]


def test_saved_segments_are_asked_where_they_are_named_and_may_choose_devices() -> None:
    """Given a segment on another segment, a counted event and a device, then all of it is asked."""
    loyal = Segment("loyal", AllOf((Did("purchase"), InSegment("modern"))))
    flow = Flow([a_campaign(who=InSegment("loyal"))], segments=[loyal, Segment("modern", ANDROID_NEW)])
    flow.feed([device("d1", "3.1.9"), device("d2", "3.2.0"), cart(1, "a1"), bought(2, "b1"), cart(3, "a2")])
    assert sent(flow) == ["a2"]
    assert [target.device for target in orders(flow)[0].targets] == ["d2"]


def test_a_segment_that_is_not_there_holds_for_nobody() -> None:
    flow = Flow(
        [a_campaign(id="in", who=InSegment("gone")), a_campaign(id="out", who=NoneOf((InSegment("gone"),)))]
    )
    flow.feed([identify(token="t1"), cart(1, "a1")])
    assert [each["campaign"] for each in flow.decisions() if each["step"] == "sent"] == ["out"]


def test_the_last_position_is_that_of_the_latest_event_and_not_of_the_last_in_the_log() -> None:
    flow = Flow([a_campaign(who=Near(25, ((48.85, 2.35),)))])
    paris, lyon = {"latitude": 48.86, "longitude": 2.33}, {"latitude": 45.76, "longitude": 4.84}
    flow.feed([identify(token="t1"), cart(10, "a1", location=lyon), cart(20, "a2", location=paris)])
    flow.feed(
        [
            cart(15, "a3", location=lyon),
            cart(30, "a4", location=lyon),
            cart(31, "a5", location={"latitude": "x", "longitude": 2.33}),
        ]
    )
    assert sent(flow) == ["a2", "a3"]


def test_the_place_of_the_address_stands_in_for_a_trait() -> None:
    flow = Flow([a_campaign(who=Leaf("country", Operator.IS, "France"))])
    flow.actor._shared.reader = EventReader({"203.0.113.9": Place("FR", None, "Paris")}.get)
    flow.feed(
        [
            identify(token="t1"),
            cart(1, "a1"),
            cart(2, "a2", ip="203.0.113.9"),
            cart(3, "a3", ip="198.51.100.1"),
        ]
    )
    assert sent(flow) == ["a2", "a3"]


def test_mail_about_the_past_counts_once_however_often_it_comes() -> None:
    """Given "bought exactly twice", one purchase out of the log and one that is seen, then the mail counts once."""
    who = Did("purchase", least=2, most=2)
    flow = Flow([a_campaign(who=who)])
    earlier = Counter(0, 1, 1_000_000, 1_000_000)
    flow.feed([identify(token="t1"), bought(1, "b1"), cart(2, "a1")])
    for _ in range(2):
        flow.mail("u1", encode_pack(PastCounted("u1", {key_of(who): earlier, "unasked": earlier})))
    flow.feed([cart(3, "a2")])
    assert sent(flow) == ["a2"]
    stored = HISTORY.decode(flow.store.get(HISTORY.prefix + b"u1") or b"").counters
    assert {key: (each.total, each.first_ms) for key, each in stored.items()} == {key_of(who): (2, 1_000_000)}


def test_the_opt_in_audience_is_whoever_was_asked_in_the_last_session() -> None:
    who = PushIs(PushStatus.ASK, last_session=True)
    flow = Flow([a_campaign(who=who, inbox=Inbox(fallback=True, ttl_ms=1000))])
    opened = {"device": {"id": "d1", "type": "android", "push": "ask"}}
    flow.feed([device("d2", "1"), track("App Opened", 1, "o1") | {"context": opened}, cart(2, "a1")])
    flow.feed([track("App Opened", 3, "o2") | {"context": {"device": {"id": "d2"}}}, cart(4, "a2")])
    assert steps(flow) == ["qualified", "inbox push_ask"]


def test_a_campaign_from_its_file_asks_the_way_it_is_written() -> None:
    text = """
campaign: c
when: {event: add_to_cart}
what: {title: t, body: b}
who:
  - {user: birthday, is_set: true}
  - {user: age, between: [30, 40]}
  - {did: purchase, times: {at_least: 1}, last: in_last 1h}
"""
    (campaign,) = load(text, app_zone="UTC", amplify_default=False)
    assert isinstance(campaign, Campaign)
    flow = Flow([replace(campaign)])
    flow.feed([identify(token="t1") | {"traits": {"birthday": "1990-02-03"}}, bought(1, "b1"), cart(2, "a1")])
    flow.feed([cart(3602, "a2")])
    assert sent(flow) == ["a1"]


def test_what_a_claimed_id_has_counted_is_its_users_once() -> None:
    """Given purchases under both ids and what the log says of both, then the user has all of them, each once."""
    who = Did("purchase", least=4, most=4)
    flow = Flow([a_campaign(who=who)])
    past = {key_of(who): Counter(0, 1, 1_000_000, 1_000_000)}
    flow.feed([bought(1, "b1"), track("purchase", 2, "b2", "anon") | {"context": {}}])
    flow.mail("u1", encode_pack(PastCounted("u1", past)))
    flow.mail("anon", encode_pack(PastCounted("anon", past)))
    flow.mail("anon", encode_pack(IdClaim("anon", "u1", 0, 0)))
    for number in range(2):
        value = [mail.value or b"" for mail in flow.sent if mail.topic == TOPICS.users_mail][
            number : number + 1
        ]
        for each in value:
            flow.mail("u1", each)
        flow.mail("anon", encode_pack(PastCounted("anon", past)))
    flow.feed([cart(3, "a1")])
    assert sent(flow) == ["a1"]
