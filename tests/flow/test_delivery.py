"""What becomes of a message: surfaces, caps, quiet hours, outcomes, and the sums that must hold (C107, C118, C152)."""

from __future__ import annotations

from typing import Any

import msgspec

from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Cap, Inbox, Quiet, QuietThen, When
from app.domain.model.decision import Decision
from app.domain.model.mail import Outcome, Result, TokenMoved
from app.domain.model.push import InboxItem, Order
from app.domain.model.reason import Reason
from app.wire import encode_pack
from tables.stats import Counts
from tests.domain.makers import a_campaign
from tests.flow.engine import TOPICS, Flow
from tests.flow.test_triggers import at, steps, track

FALLBACK = Inbox(fallback=True, ttl_ms=86_400_000)


def identify(user: str = "u1", **device: Any) -> dict[str, Any]:
    """A user who brings a device."""
    return {
        "type": "identify",
        "userId": user,
        "messageId": f"i-{user}-{sorted(device.items())}",
        "timestamp": at(0),
        "traits": {},
        "context": {"device": {"id": "d1", "type": "android"} | device},
    }


def cart(seconds: float, message_id: str, user: str = "u1") -> dict[str, Any]:
    """An event that says nothing of the device."""
    return track("add_to_cart", seconds, message_id, user) | {"context": {}}


def orders(flow: Flow) -> list[Order]:
    """What went to the sender."""
    return [
        msgspec.msgpack.decode(mail.value or b"", type=Order)
        for mail in flow.sent
        if mail.topic == TOPICS.sends("fcm")
    ]


def items(flow: Flow) -> list[InboxItem]:
    """What went to the inbox."""
    return [
        msgspec.msgpack.decode(mail.value or b"", type=InboxItem)
        for mail in flow.sent
        if mail.topic == TOPICS.inbox
    ]


def outcome(order: Order, result: Result, reason: Reason | None = None, device: int = 0) -> bytes:
    """A sender's last word."""
    push, target = order.push, order.targets[device]
    return encode_pack(
        Outcome(
            push.user, push.message_id, push.campaign, target.device, target.token, "fcm", result, 1, reason
        )
    )


def counts(flow: Flow) -> Counts:
    """The decisions, added up."""
    total = Counts()
    for raw in flow.decisions():
        total.add(msgspec.convert(raw, Decision))
    return total


def test_blocked_user_gets_the_inbox_item_at_once() -> None:
    """Given push blocked and a fallback, then an inbox item, no push, not a drop, outside quiet hours."""
    quiet = Quiet(0, 1439, QuietThen.HOLD)
    flow = Flow([a_campaign(inbox=FALLBACK, quiet=quiet)])
    flow.feed([identify(token="t1", push="blocked"), cart(1, "a1")])
    assert steps(flow) == ["qualified", "inbox push_blocked"]
    assert items(flow)[0].expires_ms - items(flow)[0].created_ms == 86_400_000


def test_unreachable_user_without_fallback_is_dropped_with_the_reason() -> None:
    """Given no device, an unasked, a blocked one, then each drop names its reason."""
    flow = Flow([a_campaign()])
    flow.feed([cart(1, "a1", "nobody"), identify("asked", push="ask"), cart(2, "a2", "asked")])
    flow.feed([identify("blocked", token="t", push="blocked"), cart(3, "a3", "blocked")])
    assert [s for s in steps(flow) if s != "qualified"] == [
        "dropped no_device",
        "dropped push_ask",
        "dropped push_blocked",
    ]


def test_cap_of_the_day_counts_pushes_and_gives_back_what_failed() -> None:
    """Given a cap of one a day, then the second is dropped, and once the first has failed the third goes."""
    flow = Flow([a_campaign()], AppRules(caps=(Cap(1),), stream_clock=True))
    flow.feed([identify(token="t1"), cart(1, "a1"), cart(2, "a2")])
    flow.mail("u1", outcome(orders(flow)[0], Result.FAILED, Reason.PROVIDER_REJECTED))
    flow.feed([cart(3, "a3")])
    assert steps(flow) == [
        "qualified", "sent", "qualified", "dropped user_cap", "failed provider_rejected", "qualified", "sent",
    ]  # fmt: skip


def test_quiet_hours_hold_until_their_end_and_then_ask_again() -> None:
    """Given quiet from 10:00 to 11:00, then the push is held and sent at 11:00; with `drop` it is dropped."""
    held = Flow([a_campaign(quiet=Quiet(600, 660, QuietThen.HOLD))])
    held.feed([identify(token="t1"), cart(60, "a1")])
    held.tick(at(3599))
    assert steps(held) == ["qualified", "held quiet_hours"]
    held.tick(at(3600))
    assert steps(held) == ["qualified", "held quiet_hours", "released", "sent"]
    dropped = Flow([a_campaign(quiet=Quiet(600, 660, QuietThen.DROP))])
    dropped.feed([identify(token="t1"), cart(60, "a1")])
    assert steps(dropped) == ["qualified", "dropped quiet_hours"]


def test_user_who_blocks_while_held_gets_the_inbox_item() -> None:
    """Given a held push and a user who blocks meanwhile, then release sends it to the inbox."""
    flow = Flow([a_campaign(quiet=Quiet(600, 660, QuietThen.HOLD), inbox=FALLBACK)])
    flow.feed([identify(token="t1"), cart(60, "a1")])
    changed = track("Push Permission Changed", 120, "p1", status="blocked")
    flow.feed([changed | {"context": {"device": {"id": "d1"}}}])
    flow.tick(at(3600))
    assert steps(flow) == ["qualified", "held quiet_hours", "released", "inbox push_blocked"]


def test_dead_token_is_removed_and_the_message_falls_back() -> None:
    """Given a token that the service calls gone, then the item goes to the inbox and the next push finds no device."""
    flow = Flow([a_campaign(inbox=FALLBACK)])
    flow.feed([identify(token="t1"), cart(1, "a1")])
    flow.mail("u1", outcome(orders(flow)[0], Result.GONE, Reason.INVALID_TOKEN))
    flow.feed([cart(2, "a2")])
    assert steps(flow) == [
        "qualified", "sent", "failed invalid_token", "inbox invalid_token", "qualified", "inbox no_device",
    ]  # fmt: skip
    assert [item.title for item in items(flow)] == ["Still thinking?", "Still thinking?"]


def test_message_ends_with_its_first_accepted_or_its_last_failed_device() -> None:
    """Given two devices, then one acceptance settles the message, and it fails only when both have failed."""
    flow = Flow([a_campaign()])
    flow.feed([identify(token="t1"), identify(id="d2", token="t2"), cart(1, "a1"), cart(2, "a2")])
    first, second = orders(flow)
    assert [target.device for target in first.targets] == ["d1", "d2"]
    flow.mail("u1", outcome(first, Result.GONE, Reason.INVALID_TOKEN))
    flow.mail("u1", outcome(first, Result.ACCEPTED, device=1))
    flow.mail("u1", outcome(second, Result.FAILED, Reason.RETRIES_EXHAUSTED))
    flow.mail("u1", outcome(second, Result.FAILED, Reason.RETRIES_EXHAUSTED, device=1))
    assert steps(flow)[-2:] == ["accepted", "failed retries_exhausted"]


def test_token_that_moved_to_another_user_is_sent_to_no_more() -> None:
    """Given mail that the token has moved, then the device is suspended, until it brings a token again."""
    flow = Flow([a_campaign()])
    flow.feed([identify(token="t1")])
    flow.mail("u1", encode_pack(TokenMoved("u1", "d1", "t1")))
    flow.feed([cart(1, "a1"), identify(token="t9"), cart(2, "a2")])
    assert [s for s in steps(flow) if s != "qualified"] == ["dropped suspended", "sent"]


def test_conservation_holds_after_every_step() -> None:
    """Given users in every state, then qualified = sent + inbox + dropped + held after every event (C152)."""
    night = a_campaign(
        id="night", when=When("wishlist_add"), quiet=Quiet(600, 660, QuietThen.HOLD), inbox=FALLBACK
    )
    flow = Flow([a_campaign(inbox=FALLBACK), night])
    flow.feed([identify("u1", token="t1"), identify("u2", token="t2", push="blocked")])
    for number in range(12):
        user = f"u{number % 3}"
        event = ("add_to_cart", "wishlist_add")[number % 2]
        flow.feed([track(event, number, f"m{number}", user) | {"context": {}}])
        assert counts(flow).gap == 0
    for order in orders(flow):
        flow.mail(order.push.user, outcome(order, Result.ACCEPTED))
    flow.tick(at(7200))
    total = counts(flow)
    assert (total.gap, total.held_now) == (0, 0)
    assert total.qualified == 12
