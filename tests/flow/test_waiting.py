"""What a message waits for, and what ends its waiting: cut-off, launch, late answers, control groups."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Campaign, Cap, CutOff, Inbox, Quiet, QuietThen, Unless, When
from app.domain.model.condition import Did, Leaf, OfDevice, Operator
from app.domain.model.mail import Result
from app.domain.model.reason import Reason
from app.domain.rules.control import is_in_control
from tests.domain.makers import a_campaign
from tests.flow.engine import Flow
from tests.flow.test_delivery import FALLBACK, cart, counts, identify, items, orders, outcome
from tests.flow.test_triggers import at, inaction, sent, steps, track

DAY_MS = 86_400_000
COPY = Inbox(fallback=False, ttl_ms=3_600_000, copy=True)
TO_ELEVEN = Quiet(600, 660, QuietThen.HOLD)
ONE = AppRules(caps=(Cap(1),), stream_clock=True)


@pytest.mark.parametrize(
    ("cut_off", "expected"),
    [
        (CutOff(minute=661), ["held quiet_hours", "released", "sent"]),
        (CutOff(minute=660), ["dropped cut_off"]),
        (CutOff(after_ms=59 * 60_000), ["dropped cut_off"]),
        (CutOff(after_ms=60 * 60_000), ["held quiet_hours", "released", "sent"]),
        (CutOff(at_ms=1_795_428_000_000 + 3_600_000), ["dropped cut_off"]),
        (CutOff(at_ms=1), ["dropped cut_off"]),
    ],
)
def test_cut_off_wins_over_quiet_hours(cut_off: CutOff, expected: list[str]) -> None:
    """C043: given a cart at 10:01 and quiet until 11:00, then what would be held until its cut-off ends at once."""
    flow = Flow([a_campaign(quiet=TO_ELEVEN, cut_off=cut_off)])
    flow.feed([identify(token="t1"), cart(60, "a1")])
    flow.tick(at(7200))
    assert steps(flow) == ["qualified", *expected]
    assert (counts(flow).gap, counts(flow).held_now) == (0, 0)


def test_a_delay_beyond_the_cut_off_and_a_timer_that_comes_after_it_are_dropped() -> None:
    """Given a cut-off at 10:05, then a delay of ten minutes and an inaction due at 10:10 send nothing, inbox or not."""
    cut_off = CutOff(at_ms=1_795_428_000_000 + 300_000)
    late = Flow([a_campaign(when=When("add_to_cart", delay_ms=600_000), cut_off=cut_off)])
    late.feed([identify(token="t1"), cart(1, "a1")])
    assert steps(late) == ["qualified", "dropped cut_off"]
    flow = inaction(cut_off=cut_off, inbox=FALLBACK)
    flow.feed([identify(token="t1", push="blocked"), cart(1, "a1")])
    flow.tick(at(7200))
    assert steps(flow) == ["qualified", "dropped cut_off"]


def test_the_order_tells_its_cut_off_and_what_was_cut_off_does_not_fall_back() -> None:
    """Given the wall clock, then senders know it; a failure for it goes to no inbox."""
    cut_off = CutOff(at_ms=1_795_428_000_000 + DAY_MS)
    flow = Flow([a_campaign(cut_off=cut_off, inbox=FALLBACK)])
    flow.feed([identify(token="t1"), cart(1, "a1")])
    assert orders(flow)[0].not_after_ms is None
    flow.mail("u1", outcome(orders(flow)[0], Result.FAILED, Reason.CUT_OFF))
    assert steps(flow) == ["qualified", "sent", "failed cut_off"]


def launch(seconds: float, name: str = "o1", event: str = "App Opened") -> dict[str, Any]:
    return track(event, seconds, name) | {"context": {}}


@pytest.mark.parametrize("event", ["App Opened", "Application Opened"])
def test_push_and_copy_wait_for_the_next_launch(event: str) -> None:
    """C046-C048: given a copy, then nothing until the app is launched, then both, counted as one message."""
    flow = Flow([a_campaign(inbox=COPY)])
    flow.feed([launch(0, "o0", event), identify(token="t1"), cart(1, "a1")])
    assert steps(flow) == ["qualified", "held app_launch"]
    assert orders(flow) == []
    flow.feed([launch(600, "o1", event), launch(700, "o2", event)])
    assert steps(flow) == ["qualified", "held app_launch", "released", "sent", "inbox"]
    assert len(orders(flow)) == len(items(flow)) == 1
    assert (counts(flow).gap, counts(flow).inbox, counts(flow).held_now) == (0, 0, 0)


def test_a_launch_that_triggers_is_not_the_one_that_is_waited_for() -> None:
    flow = Flow([a_campaign(when=When("App Opened"), inbox=COPY)])
    flow.feed([identify(token="t1"), launch(1), launch(2, "o2")])
    assert steps(flow) == [
        "qualified",
        "held app_launch",
        "released",
        "sent",
        "inbox",
        "qualified",
        "held app_launch",
    ]


@pytest.mark.parametrize(
    ("cut_off", "seconds", "reason"),
    [(None, 3601, "expired"), (CutOff(after_ms=60_000), 61, "cut_off")],
)
def test_who_does_not_launch_the_app_in_time_gets_nothing(
    cut_off: CutOff | None, seconds: float, reason: str
) -> None:
    """Given a time to live of an hour or a cut-off before, then the message ends there, and a launch finds nothing."""
    flow = Flow([a_campaign(inbox=COPY, cut_off=cut_off)])
    flow.feed([identify(token="t1"), cart(1, "a1")])
    flow.tick(at(seconds - 0.001))
    assert steps(flow) == ["qualified", "held app_launch"]
    flow.tick(at(seconds))
    flow.feed([launch(5000)])
    assert steps(flow) == ["qualified", "held app_launch", f"dropped {reason}"]
    assert (counts(flow).gap, counts(flow).held_now) == (0, 0)


def test_at_the_launch_every_guard_is_asked_and_quiet_hours_do_not_ask_for_another_launch() -> None:
    """Given a delay, a launch in quiet hours, then held until their end, and sent then; a cap drops push and copy."""
    when = When("add_to_cart", delay_ms=30_000)
    flow = Flow([a_campaign(inbox=COPY, quiet=TO_ELEVEN, when=when)], ONE)
    flow.feed([identify(token="t1"), cart(1, "a1"), launch(20, "o0"), launch(60)])
    flow.tick(at(3600))
    assert steps(flow) == [
        "qualified", "held delay", "released", "held app_launch", "released", "held quiet_hours", "released", "sent",
        "inbox",
    ]  # fmt: skip
    flow.feed([cart(4000, "a2")])
    flow.tick(at(4040))
    flow.feed([launch(4100, "o3")])
    assert steps(flow)[-2:] == ["released", "dropped user_cap"]
    assert len(items(flow)) == 1
    assert (counts(flow).gap, counts(flow).held_now) == (0, 0)


def test_a_launch_counts_as_the_past_before_who_is_asked_again() -> None:
    """Given WHO that holds up to the first launch, then the second, which is waited for, is one too many."""
    flow = Flow([a_campaign(inbox=COPY, who=Did("App Opened", most=1))])
    flow.feed([launch(0, "o0"), identify(token="t1"), cart(1, "a1"), launch(600)])
    assert steps(flow) == ["qualified", "held app_launch", "released", "dropped cancelled"]


def test_a_launch_sends_to_the_devices_that_who_chooses() -> None:
    flow = Flow([a_campaign(inbox=COPY, who=OfDevice(Leaf("model", Operator.IS, "Two")))])
    flow.feed([identify(id="d2", token="t2", model="Two"), identify(token="t1"), cart(1, "a1"), launch(600)])
    assert [[target.device for target in order.targets] for order in orders(flow)] == [["d2"]]


def test_a_push_that_fails_after_its_copy_does_not_fall_back_once_more() -> None:
    flow = Flow([a_campaign(inbox=Inbox(fallback=True, ttl_ms=DAY_MS, copy=True))])
    flow.feed([identify(token="t1"), cart(1, "a1"), launch(2)])
    flow.mail("u1", outcome(orders(flow)[0], Result.FAILED, Reason.PROVIDER_REJECTED))
    assert steps(flow)[-3:] == ["sent", "inbox", "failed provider_rejected"]


def control(user: str, **fields: Any) -> tuple[Campaign, Flow]:
    """A campaign with as large a control group as this user needs to be in it, and nobody above."""
    share = next(share for share in range(1, 10_000) if is_in_control("cart-reminder", user, share))
    campaign = a_campaign(control=share, **fields)
    return campaign, Flow([campaign], ONE)


def test_who_is_compared_with_is_dropped_when_others_are_cleared() -> None:
    """C159: given quiet hours, then the control user waits as long as others; its drop comes when they get theirs."""
    _, flow = control("u1", quiet=TO_ELEVEN)
    flow.feed([identify(token="t1"), cart(60, "a1")])
    flow.tick(at(7200))
    assert steps(flow) == ["qualified", "held quiet_hours", "released", "dropped control_group"]


def test_who_is_compared_with_passes_the_same_guards_and_uses_up_no_cap() -> None:
    """Given a push of another campaign and a cap of one, then the cap drops the control user too; not the reverse."""
    campaign, _ = control("u1")
    other = a_campaign(id="other", when=When("other"))
    first = Flow([campaign, other], ONE)
    first.feed([identify(token="t1"), cart(1, "a1"), track("other", 2, "x1"), cart(3, "a2")])
    assert steps(first) == [
        "qualified", "dropped control_group", "qualified", "sent", "qualified", "dropped user_cap",
    ]  # fmt: skip


def test_who_is_compared_with_gets_no_inbox_item_either() -> None:
    _, flow = control("u1", inbox=FALLBACK)
    flow.feed([identify(token="t1", push="blocked"), cart(1, "a1")])
    assert steps(flow) == ["qualified", "dropped control_group"]


def test_an_answer_that_comes_after_the_push_is_written_down_as_too_late_once() -> None:
    """C010t: given a purchase in time that the log brings after the push, then it says so, and no sum changes."""
    flow = inaction()
    flow.feed([track("add_to_cart", 0, "a1"), track("other", 700, "o1")])
    before = counts(flow)
    assert before.gap == 0
    flow.feed([track("purchase", 599, "b1"), track("purchase", 600, "b2"), track("purchase", 601, "b3")])
    assert steps(flow) == ["qualified", "sent", "answered too_late"]
    told = flow.decisions()[-1]
    assert (told["message_id"], told["detail"]) == (flow.decisions()[0]["message_id"], {"answered_by": "b1"})
    assert counts(flow) == before


def test_an_answer_from_before_its_trigger_that_the_log_has_after_the_push_is_too_late() -> None:
    """C010: where the log has it after the cart it would have cancelled, so it says that it came too late."""
    flow = inaction()
    flow.feed([track("add_to_cart", 10, "a1"), track("other", 700, "o1"), track("purchase", 9, "b1")])
    assert steps(flow) == ["qualified", "sent", "answered too_late"]


@pytest.mark.parametrize(("seconds", "expected"), [(650, ["answered too_late"]), (901, [])])
def test_an_answer_while_a_message_was_held_is_too_late_only_after_its_release(
    seconds: float, expected: list[str]
) -> None:
    """Given a delay until 10:15, then a late purchase from before that would have stopped it."""
    when = When("add_to_cart", unless=Unless("purchase", 600_000), delay_ms=300_000)
    flow = Flow([a_campaign(when=when)])
    flow.feed([track("add_to_cart", 0, "a1"), track("other", 1000, "o1"), track("purchase", seconds, "b1")])
    assert steps(flow) == ["qualified", "held delay", "released", "sent", *expected]


@pytest.mark.parametrize("seconds", [650, 50, -1])
def test_a_late_answer_drops_what_is_held(seconds: float) -> None:
    """A B at any time before sending drops it (SPEC section 9), also one from before A that the log has after it."""
    when = When("add_to_cart", unless=Unless("purchase", 600_000), delay_ms=300_000)
    flow = Flow([a_campaign(when=when)])
    flow.feed(
        [track("add_to_cart", 10, "a1"), track("other", 700, "o1"), track("purchase", 10 + seconds, "b1")]
    )
    flow.tick(at(3600))
    assert sent(flow) == []
    assert counts(flow).gap == 0
