"""C151 on what waits for a date or a launch, what is compared with, and what came too late."""

from __future__ import annotations

from app.domain.explain.model import Fate, Verdict
from app.domain.model.campaign import DateTrigger, Inbox, Unless, When
from app.domain.model.mail import Result
from app.domain.rules.control import is_in_control
from tests.domain.makers import a_campaign
from tests.flow.engine import Flow
from tests.flow.explaining import explained
from tests.flow.test_explain import answer, instant, told
from tests.flow.test_triggers import at, inaction, track


def test_a_date_says_when_it_is_due_and_what_moved_it() -> None:
    """C011: given a booking, one without a date, and a move, then the move waits and the others say why not."""
    when = When("booked", unless=Unless("cancelled", 0), date=DateTrigger("departs", -3_600_000))
    flow = Flow([a_campaign(when=when)])
    flow.feed(
        [
            track("booked", 0, "a1", departs=at(3 * 3600)),
            track("booked", 30, "a2"),
            track("booked", 60, "a3", departs=at(5 * 3600)),
        ]
    )
    found = explained(flow)
    assert found.trigger == "1h before the date in departs of booked, unless cancelled comes"
    assert told(flow) == (
        Verdict.WAITING,
        "Not sent yet: it waits until 2026-11-23 14:00 UTC, 1h before the date in departs.",
    )
    assert [event.fate for event in found.events] == [Fate.WAITS, Fate.NO_MATCH, Fate.REPLACED]
    flow.feed([track("cancelled", 90, "b1")])
    verdict, sentence = told(flow)
    assert verdict is Verdict.NOT_SENT
    assert "it was answered in time by cancelled of 2026-11-23 10:01:30 UTC" in sentence


def test_who_is_compared_with_is_told_so() -> None:
    """C159: the guard says it, and so does the sentence."""
    share = next(share for share in range(1, 10_000) if is_in_control("cart-reminder", "u1", share))
    flow = instant(control=share)
    flow.feed([track("add_to_cart", 0, "a1", price=12)])
    (control,) = [guard for guard in explained(flow).guards if guard.guard == "control_group"]
    assert (control.answer, control.reason) == ("drop", "control_group")
    assert control.detail == f"it has {share / 100:g}% of the users"
    assert (told(flow)[0], explained(flow).reason) == (Verdict.NOT_SENT, "control_group")


def test_a_copy_beside_the_push_says_what_it_waits_for_and_leaves_the_verdict_to_the_push() -> None:
    """C046-C048: held for a launch, then sent; the copy in the inbox changes nothing of that."""
    flow = instant(inbox=Inbox(fallback=False, ttl_ms=3_600_000, copy=True))
    flow.feed([track("add_to_cart", 0, "a1", price=12)])
    verdict, _ = told(flow)
    (timer,) = explained(flow).timers
    assert (verdict, timer.sentence) == (
        Verdict.HELD, "it waits for the app to be launched, until 2026-11-23 11:00 UTC at the latest"
    )  # fmt: skip
    flow.feed([track("App Opened", 60, "o1")])
    answer(flow, Result.ACCEPTED)
    assert told(flow) == (Verdict.SENT, "Sent: the push service took it at 2026-11-23 10:01 UTC.")


def test_an_answer_that_came_too_late_leaves_the_verdict_to_the_push() -> None:
    flow = inaction()
    flow.feed([track("add_to_cart", 0, "a1"), track("other", 700, "o1")])
    answer(flow, Result.ACCEPTED)
    flow.feed([track("purchase", 599, "b1")])
    assert flow.decisions()[-1]["step"] == "answered"
    assert told(flow)[0] is Verdict.SENT
