"""C151: why a campaign was or was not sent, asked of an engine that has really decided."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.domain.explain.model import Fate, Verdict
from app.domain.model.app_rules import AppRules, Throttle
from app.domain.model.campaign import (
    Campaign,
    Cap,
    Inbox,
    Leaf,
    Operator,
    Quiet,
    QuietThen,
    Repeat,
    Status,
    Unless,
    When,
)
from app.domain.model.decision import Step
from app.domain.model.mail import Outcome, Result
from app.domain.model.reason import Reason
from app.turns.ports import Mail
from app.wire import encode_decision, encode_pack
from tests.domain.makers import a_campaign
from tests.flow.engine import TOPICS, FixedCatalog, Flow
from tests.flow.explaining import decisions_of, explained
from tests.flow.test_triggers import at, inaction, track

PRICE = Leaf("price", Operator.GTE, 10)


def instant(*, rules: AppRules | None = None, **fields: Any) -> Flow:
    """A campaign on `add_to_cart` with a price of 10 and more."""
    when = When("add_to_cart", where=PRICE)
    return Flow([a_campaign(**{"when": when, **fields})], rules)


def answer(flow: Flow, result: Result, reason: Reason | None = None) -> None:
    """What the sender says of the last message that was sent."""
    sent = [each for each in flow.decisions() if each["step"] == "sent"][-1]
    outcome = Outcome("u1", sent["message_id"], sent["campaign"], "d1", "t1", "fcm", result, 1, reason)
    flow.mail("u1", encode_pack(outcome))


def told(flow: Flow, **asked: Any) -> tuple[Verdict, str]:
    """Verdict and sentence."""
    found = explained(flow, **asked)
    return found.verdict, found.sentence


def test_an_event_that_did_not_match_is_told_with_the_value_and_what_was_asked_for() -> None:
    """Given a cart of 4 where 10 is asked for, then the sentence has both."""
    flow = instant()
    flow.feed([track("add_to_cart", 180, "a1", price=4)])
    verdict, sentence = told(flow)
    assert verdict is Verdict.NOT_SENT
    assert sentence == (
        "Not sent: the last add_to_cart of 2026-11-23 10:03 UTC had price 4, and the campaign asks for price ≥ 10."
    )
    (event,) = explained(flow).events
    assert (event.fate, event.where and event.where.found, event.version) == (Fate.NO_MATCH, 4, 1)


def test_a_property_that_is_missing_is_told_as_missing() -> None:
    flow = instant()
    flow.feed([track("add_to_cart", 0, "a1")])
    assert "had no price, and the campaign asks for price ≥ 10" in told(flow)[1]


def test_a_push_that_the_service_took_is_sent() -> None:
    flow = instant()
    flow.feed([track("add_to_cart", 0, "a1", price=12)])
    assert told(flow)[0] is Verdict.ON_ITS_WAY
    answer(flow, Result.ACCEPTED)
    assert told(flow) == (Verdict.SENT, "Sent: the push service took it at 2026-11-23 10:00 UTC.")


def test_a_push_that_waits_for_the_throttle_says_so_until_it_is_called() -> None:
    """C049: given an app with a throttle, then a message that no sender has called yet may be waiting for its turn."""
    flow = instant(rules=AppRules(stream_clock=True, throttle=Throttle(1, 900_000)))
    flow.feed([track("add_to_cart", 0, "a1", price=12)])
    verdict, sentence = told(flow)
    assert verdict is Verdict.ON_ITS_WAY
    assert "not called yet: it waits its turn" in sentence
    (sent,) = [each for each in decisions_of(flow, "cart-reminder", "u1") if each.step is Step.SENT]
    called = encode_decision(msgspec.structs.replace(sent, id="called", step=Step.ATTEMPTED))
    flow.sent.append(Mail(TOPICS.decisions, b"u1", called))
    assert "not called yet" not in told(flow)[1]


def test_a_push_that_failed_says_why_and_what_stands_in_the_inbox_says_so() -> None:
    for inbox, verdict in ((None, Verdict.FAILED), (Inbox(True, 86_400_000), Verdict.INBOX)):
        flow = instant(inbox=inbox)
        flow.feed([track("add_to_cart", 0, "a1", price=12)])
        answer(flow, Result.FAILED, Reason.PROVIDER_REJECTED)
        found, sentence = told(flow)
        assert found is verdict
        assert "the push service refused the message" in sentence


def test_quiet_hours_say_until_when_on_the_users_own_clock() -> None:
    """C040: 10:00 UTC is 11:00 in Paris, where it is quiet until noon."""
    flow = instant(
        quiet=Quiet(600, 720, QuietThen.HOLD), rules=AppRules(zone="Europe/Paris", stream_clock=True)
    )
    flow.feed([track("add_to_cart", 0, "a1", price=12)])
    verdict, sentence = told(flow)
    assert verdict is Verdict.HELD
    assert sentence.startswith(
        "Not sent yet: held until 2026-11-23 12:00 Europe/Paris: it was within quiet hours"
    )
    (quiet,) = [guard for guard in explained(flow).guards if guard.guard == "quiet_hours"]
    assert (quiet.answer, quiet.reason) == ("hold", "quiet_hours")
    assert quiet.detail == "10:00 to 12:00, then hold; it is 2026-11-23 11:00 Europe/Paris"


def test_a_cap_that_is_used_up_is_told_with_its_count() -> None:
    """C031."""
    flow = instant(rules=AppRules(caps=(Cap(1), Cap(3, 86_400_000)), stream_clock=True))
    flow.feed([track("add_to_cart", seconds, f"a{seconds}", price=12) for seconds in (0, 1)])
    found = explained(flow, campaign="cart-reminder")
    (caps,) = [guard for guard in found.guards if guard.guard == "user_caps"]
    assert caps.answer == "drop"
    assert caps.detail == "1 of 1 today, which ends at 2026-11-24 00:00 UTC; 1 of 3 in any 1d"
    assert [each.fate for each in found.events] == [Fate.QUALIFIED, Fate.QUALIFIED]


def test_who_is_told_leaf_by_leaf_as_of_now() -> None:
    flow = instant(who=Leaf("country", Operator.IS, "US"))
    identify = {
        "type": "identify",
        "userId": "u1",
        "messageId": "i1",
        "timestamp": at(0),
        "traits": {"country": "FR"},
    }
    flow.feed([identify, track("add_to_cart", 1, "a1", price=12)])
    verdict, sentence = told(flow)
    assert verdict is Verdict.NOT_SENT
    assert "not in the audience (as of now): country FR, and the campaign asks for country is US" in sentence
    assert (explained(flow).audience.holds, explained(flow).audience.found) == (False, "FR")


def test_every_device_says_why_it_cannot_be_sent_to() -> None:
    flow = instant()
    blocked = {"device": {"id": "d2", "type": "android", "token": "t2", "push": "blocked"}}
    flow.feed([track("other", 0, "o1") | {"context": blocked}, track("add_to_cart", 1, "a1", price=12)])
    assert [(each.device, each.reason) for each in explained(flow).devices] == [
        ("d2", "push_blocked"),
        ("d1", None),
    ]


@pytest.mark.parametrize("status", [Status.DRAFT, Status.ENDED, Status.PAUSED])
def test_a_campaign_that_is_not_live_is_told_first(status: Status) -> None:
    """Given a campaign that may not send, then that is said, also to a user whose event would match."""
    flow = instant()
    flow.catalog.catalog = FixedCatalog([a_campaign(when=When("add_to_cart"))], flow.rules, status).catalog
    flow.feed([track("add_to_cart", 0, "a1", price=12)])
    found = explained(flow)
    assert (found.verdict, found.status) == (Verdict.NOT_SENT, status)
    assert {"draft": "a draft", "ended": "ended", "paused": "paused"}[status] in found.sentence


def test_a_user_without_the_trigger_is_told_so() -> None:
    flow = instant()
    flow.feed([track("other", 0, "o1")])
    assert told(flow)[1] == "Not sent: the user has had no add_to_cart yet."
    flow.feed([track("other", second, f"o{second}") for second in range(2, 12)])
    assert told(flow)[1] == "Not sent: none of the user's last 8 events is add_to_cart."
    found = explained(flow, gone=3)
    assert (found.events_gone, len(found.events)) == (3, 5)
    assert found.sentence == "Not sent: none of the user's last 8 events that are still kept is add_to_cart."


def test_an_event_that_came_too_late_is_told_so() -> None:
    flow = instant()
    flow.feed([track("other", 7200, "o1"), track("add_to_cart", 0, "a1", price=12)])
    assert explained(flow).events[0].fate is Fate.TOO_LATE
    assert "more than 1h before it arrived" in told(flow)[1]


def test_an_open_timer_says_what_it_waits_for() -> None:
    """C010: armed by which event, due when, answered by what."""
    flow = inaction(match="cart_id")
    flow.feed([track("add_to_cart", 0, "a1", cart_id="c1")])
    verdict, sentence = told(flow)
    assert verdict is Verdict.WAITING
    assert sentence == (
        "Not sent yet: it waits until 2026-11-23 10:10 UTC to see whether purchase with cart_id c1 comes."
    )
    assert explained(flow).events[0].fate is Fate.WAITS


def test_a_timer_that_was_answered_names_the_answer() -> None:
    flow = inaction(match="cart_id")
    flow.feed([track("add_to_cart", 0, "a1", cart_id="c1"), track("purchase", 120, "b1", cart_id="c1")])
    verdict, sentence = told(flow)
    assert (verdict, explained(flow).reason) == (Verdict.NOT_SENT, "cancelled")
    assert sentence == (
        "Not sent: the last add_to_cart came at 2026-11-23 10:00 UTC, and it was answered in time by purchase of "
        "2026-11-23 10:02 UTC."
    )


def test_a_second_cart_takes_the_timer_of_the_first_or_leaves_it() -> None:
    carts = [track("add_to_cart", 0, "a1"), track("add_to_cart", 60, "a2")]
    for repeat, fates in (
        (Repeat.RESTART, [Fate.WAITS, Fate.REPLACED]),
        (Repeat.KEEP_FIRST, [Fate.LEFT_TO_FIRST, Fate.WAITS]),
        (Repeat.EACH, [Fate.WAITS, Fate.WAITS]),
    ):
        flow = inaction(repeat)
        flow.feed(carts)
        assert [event.fate for event in explained(flow).events] == fates, repeat


def test_a_cart_left_to_the_first_is_no_open_timer_and_stays_left_once_that_has_fired() -> None:
    """Given keep_first and two carts, then only the first waits; a late purchase between lets the second one run."""
    carts = [track("add_to_cart", 0, "a1"), track("add_to_cart", 60, "a2")]
    flow = inaction(Repeat.KEEP_FIRST)
    flow.feed(carts)
    assert [timer.event_id for timer in explained(flow).timers] == ["a1"]
    flow.tick(at(700))
    assert [event.fate for event in explained(flow).events] == [Fate.LEFT_TO_FIRST, Fate.QUALIFIED]
    other = inaction(Repeat.KEEP_FIRST)
    other.feed([carts[0], track("purchase", 30, "b1"), carts[1]])
    assert [timer.event_id for timer in explained(other).timers] == ["a2"]


def test_contacts_are_masked_wherever_they_are_found() -> None:
    flow = instant(who=Leaf("email", Operator.ENDS_WITH, "@example.com"))
    identify = {
        "type": "identify",
        "userId": "u1",
        "timestamp": at(0),
        "traits": {"email": "ann@elsewhere.example"},
    }
    flow.feed([identify, track("add_to_cart", 1, "a1", price=12)])
    assert "ann@" not in str(explained(flow))
    assert "a…@elsewhere.example" in told(flow)[1]


SECONDS = st.integers(0, 1500)
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["add_to_cart", "purchase", "other"]), SECONDS, st.sampled_from(["c1", "c2", None])
    ),
    min_size=1,
    max_size=8,
)


def a_history(events: list[tuple[str, int, str | None]]) -> list[dict[str, Any]]:
    """Messages of one user, in this order of the log."""
    return [
        track(name, seconds, f"e{number}", **({} if cart is None else {"cart_id": cart}))
        for number, (name, seconds, cart) in enumerate(events)
    ]


def a_trigger(repeat: Repeat, match: str | None, delay_ms: int) -> Campaign:
    """An inaction of ten minutes."""
    unless = Unless("purchase", 600_000, match)
    return a_campaign(when=When("add_to_cart", unless=unless, repeat=repeat, delay_ms=delay_ms))


@settings(max_examples=150, deadline=None)
@example(
    [("add_to_cart", 0, None), ("add_to_cart", 601, None), ("add_to_cart", 0, None)],
    Repeat.RESTART,
    None,
    0,
    0,
)
@example(
    [("purchase", 601, None), ("add_to_cart", 0, None), ("add_to_cart", 0, None)], Repeat.RESTART, None, 0, 0
)
@given(
    EVENTS,
    st.sampled_from(list(Repeat)),
    st.sampled_from([None, "cart_id"]),
    st.sampled_from([0, 60_000]),
    SECONDS,
)
def test_every_one_of_the_last_events_is_accounted_for(
    events: list[tuple[str, int, str | None]], repeat: Repeat, match: str | None, delay_ms: int, end: int
) -> None:
    """Whatever the history, each cart qualified, waits, or has a reason not to; in order none is unknown."""
    flow = Flow([a_trigger(repeat, match, delay_ms)], turn_size=3)
    flow.feed(a_history(events))
    flow.tick(at(end))
    found = explained(flow)
    qualified = {each["trigger"]["event_id"] for each in flow.decisions() if each["step"] == "qualified"}
    entries = {timer.event_id for timer in found.timers}
    waits = {timer.event_id for timer in found.timers if timer.kind == "waits"}
    carts = {event.id: event.fate for event in found.events if event.name == "add_to_cart"}
    assert {name for name, fate in carts.items() if fate is Fate.QUALIFIED} == qualified & carts.keys()
    assert {name for name, fate in carts.items() if fate is Fate.WAITS} == waits
    in_order = [seconds for _, seconds, _ in events] == sorted(seconds for _, seconds, _ in events)
    assert Fate.UNKNOWN not in carts.values() or not in_order, carts
    assert entries <= carts.keys()
    assert len(found.events) == len(events)
