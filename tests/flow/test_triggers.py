"""Triggers, timers and what answers them, through the whole users actor (C009, C010, C048)."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.model.campaign import Content, Leaf, Operator, Repeat, Unless, When
from tests.domain.makers import a_campaign
from tests.flow.engine import Flow

DEVICE = {"device": {"id": "d1", "type": "android", "token": "t1"}}
MINUTE = 60


def at(seconds: float) -> str:
    """A time so many seconds after ten."""
    minutes, seconds = divmod(seconds, MINUTE)
    return f"2026-11-23T{10 + int(minutes) // 60:02d}:{int(minutes) % 60:02d}:{seconds:06.3f}Z"


def track(event: str, seconds: float, message_id: str, user: str = "u1", **properties: Any) -> dict[str, Any]:
    """An event of a user with a reachable device."""
    return {
        "type": "track",
        "userId": user,
        "messageId": message_id,
        "event": event,
        "timestamp": at(seconds),
        "properties": properties,
        "context": DEVICE,
    }


def inaction(repeat: Repeat = Repeat.RESTART, match: str | None = None, **fields: Any) -> Flow:
    """Cart and no purchase within ten minutes."""
    when = When("add_to_cart", unless=Unless("purchase", 600_000, match), repeat=repeat)
    return Flow([a_campaign(when=when, **fields)], turn_size=3)


def sent(flow: Flow) -> list[str]:
    """The triggering events of the messages that were sent, in order."""
    return [d["trigger"]["event_id"] for d in flow.decisions() if d["step"] == "sent"]


def steps(flow: Flow) -> list[str]:
    """What happened, in order."""
    return [d["step"] if "reason" not in d else f"{d['step']} {d['reason']}" for d in flow.decisions()]


def test_cart_without_purchase_is_reminded_at_its_due_time() -> None:
    """Given a cart at 10:00 and nothing else, when time passes 10:10, then one push, decided at 10:10."""
    flow = inaction()
    flow.feed([track("add_to_cart", 0, "a1")])
    flow.tick(at(599.999))
    assert sent(flow) == []
    flow.tick(at(600))
    assert sent(flow) == ["a1"]
    assert {d["at"] for d in flow.decisions()} == {1_795_428_600_000}


@pytest.mark.parametrize(("seconds", "expected"), [(1, []), (599.999, []), (600, []), (600.001, ["a1"])])
def test_purchase_up_to_the_due_time_cancels(seconds: float, expected: list[str]) -> None:
    """Given a purchase so long after the cart, then exactly at ten minutes it still cancels."""
    flow = inaction()
    flow.feed([track("add_to_cart", 0, "a1"), track("purchase", seconds, "b1")])
    flow.tick(at(3600))
    assert sent(flow) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"), [(-1, ["a1"]), (0, ["a1"]), (0.001, []), (600, []), (601, ["a1"])]
)
def test_purchase_that_was_logged_before_its_cart_cancels_too(seconds: float, expected: list[str]) -> None:
    """Given a purchase that stands earlier in the log, then it cancels where tA < tB <= tA + T."""
    flow = inaction()
    flow.feed([track("purchase", 100 + seconds, "b1"), track("add_to_cart", 100, "a1")])
    flow.tick(at(3600))
    assert sent(flow) == expected


@pytest.mark.parametrize(
    ("repeat", "expected"),
    [(Repeat.RESTART, ["a2"]), (Repeat.KEEP_FIRST, ["a1"]), (Repeat.EACH, ["a1", "a2"])],
)
def test_second_cart_follows_repeat(repeat: Repeat, expected: list[str]) -> None:
    """Given two carts five minutes apart, then `repeat` says whose timer runs."""
    flow = inaction(repeat)
    flow.feed([track("add_to_cart", 0, "a1"), track("add_to_cart", 300, "a2")])
    flow.tick(at(3600))
    assert sent(flow) == expected


def test_an_earlier_cart_that_is_logged_later_is_the_one_that_keep_first_keeps() -> None:
    """Given two carts in the wrong order, then one timer runs, that of the earlier."""
    flow = inaction(Repeat.KEEP_FIRST)
    flow.feed([track("add_to_cart", 300, "a2"), track("add_to_cart", 0, "a1")])
    flow.tick(at(3600))
    assert sent(flow) == ["a1"]


def test_two_carts_make_two_timers_and_a_purchase_answers_its_own() -> None:
    """Given carts c1 and c2 and a purchase of c1, then c2 is reminded; a purchase without a cart answers both."""
    flow = inaction(match="cart_id")
    flow.feed(
        [
            track("add_to_cart", 0, "a1", cart_id="c1"),
            track("add_to_cart", 10, "a2", cart_id="c2"),
            track("purchase", 20, "b1", cart_id="c1"),
            track("add_to_cart", 30, "a3", user="u2", cart_id="c3"),
            track("add_to_cart", 40, "a4", user="u2", cart_id="c4"),
            track("purchase", 50, "b2", user="u2"),
        ]
    )
    flow.tick(at(3600))
    assert sent(flow) == ["a2"]


def test_trigger_with_where_takes_only_what_matches() -> None:
    """Given `price: {gte: 10}`, then a cart of 9 and a cart without a price trigger nothing."""
    when = When("add_to_cart", where=Leaf("price", Operator.GTE, 10))
    flow = Flow([a_campaign(when=when)])
    flow.feed(
        [
            track("add_to_cart", 0, "a1", price=9),
            track("add_to_cart", 1, "a2"),
            track("add_to_cart", 2, "a3", price=10),
        ]
    )
    assert sent(flow) == ["a3"]


def test_delay_holds_and_then_asks_every_guard_again() -> None:
    """Given a delay of five minutes, then the push is held, released at its end, and sent."""
    flow = Flow([a_campaign(when=When("add_to_cart", delay_ms=300_000))])
    flow.feed([track("add_to_cart", 0, "a1")])
    flow.tick(at(300))
    assert steps(flow) == ["qualified", "held delay", "released", "sent"]


def test_repeated_message_id_is_ignored() -> None:
    """Given the same message twice among the user's last 32, then it triggers once."""
    flow = Flow([a_campaign()])
    flow.feed([track("add_to_cart", 0, "a1"), track("other", 1, "o1"), track("add_to_cart", 2, "a1")])
    assert sent(flow) == ["a1"]


def test_event_later_than_the_lateness_updates_and_triggers_nothing() -> None:
    """Given an event more than an hour behind the stream, then its traits count and it triggers nothing."""
    flow = Flow([a_campaign()])
    flow.feed(
        [track("other", 7200, "o1"), track("add_to_cart", 3599, "a1"), track("add_to_cart", 3600, "a2")]
    )
    assert sent(flow) == ["a2"]


def test_template_without_its_variable_drops_where_the_campaign_says_so() -> None:
    """Given `missing: drop`, then a push whose variable is undefined is dropped with that reason."""
    from app.domain.model.campaign import Missing

    what = Content("Hello {{ user.first_name }}", "body", missing=Missing.DROP)
    flow = Flow([a_campaign(what=what)])
    flow.feed([track("add_to_cart", 0, "a1")])
    assert steps(flow) == ["qualified", "dropped missing_variable"]
