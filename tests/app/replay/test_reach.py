"""Reach (C014): of those who qualify, whom a push reaches now is asked of the devices that WHO selects (C021)."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Segment
from app.domain.model.condition import (
    AllOf,
    Condition,
    Did,
    InSegment,
    IsReachable,
    Leaf,
    NoneOf,
    OfDevice,
    Operator,
    PushIs,
)
from app.domain.model.event import PushStatus
from app.replay.stretch import Question, Replaying
from tests.app.replay.test_together import records
from tests.domain.makers import a_campaign

BASE_S = 1_790_000_000
NEW = OfDevice(Leaf("app_version", Operator.GTE, "3.2.0"))
OLD = OfDevice(Leaf("app_version", Operator.LT, "3.2.0"))


def said(
    minute: int, device: str = "", version: str = "", push: str = "allowed", **more: Any
) -> dict[str, Any]:
    """A message of the one user, from one of their devices."""
    about = {"id": device, "type": "android", "token": f"t-{device}", "push": push}
    context = {"device": about, "app": {"version": version}} if device else {}
    kind = {"type": "track"} if "event" in more else {"type": "identify"}
    message_id = f"m{minute}{device}"
    return (
        {"userId": "u", "timestamp": BASE_S + 60 * minute, "messageId": message_id, "context": context}
        | kind
        | more
    )


def cart(minute: int) -> dict[str, Any]:
    return said(minute, event="add_to_cart")


def reach(who: Condition, *messages: dict[str, Any]) -> tuple[int, int]:
    """(users who qualify, users whom a push reaches now)."""
    campaign = a_campaign(id="c", who=who)
    rules = AppRules(stream_clock=True)
    question = Question("", "events", (campaign,), rules, 0, None, segments=(Segment("modern", NEW),))
    replaying = Replaying(question)
    replaying.take(records(messages))
    sums = replaying.close().sums["c"]
    return sums.users, sums.users_reachable


BLOCKED_NEW_AND_ALLOWED_OLD = (said(0, "new", "3.2.0", "blocked"), said(1, "old", "3.1.0"), cart(2))


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (AllOf(()), (1, 1)),
        (NEW, (1, 0)),
        (InSegment("modern"), (1, 0)),
        (OLD, (1, 1)),
        (NoneOf((NEW,)), (1, 1)),
        (PushIs(PushStatus.BLOCKED), (1, 0)),
        (AllOf((NEW, PushIs(PushStatus.ALLOWED))), (0, 0)),
        (IsReachable(), (1, 1)),
    ],
)
def test_only_the_devices_that_who_selects_count(who: Condition, expected: tuple[int, int]) -> None:
    """Given a blocked device with the new app and an allowed one with the old, then it depends on whom WHO asks for."""
    assert reach(who, *BLOCKED_NEW_AND_ALLOWED_OLD) == expected


def test_what_counts_is_how_the_device_stands_now() -> None:
    """Given a device that was allowed when the user qualified and is blocked since, then they are not reached."""
    blocked = said(3, "new", "3.2.0", "blocked")
    assert reach(NEW, said(0, "new", "3.2.0"), cart(2)) == (1, 1)
    assert reach(NEW, said(0, "new", "3.2.0"), cart(2), blocked) == (1, 0)
    assert reach(PushIs(PushStatus.ALLOWED), said(0, "new", "3.2.0"), cart(2), blocked) == (1, 0)


def test_a_device_that_came_later_counts_if_who_holds_for_it() -> None:
    first = said(0, "one", "3.2.0", "blocked")
    assert reach(NEW, first, cart(2), said(3, "two", "3.10.0")) == (1, 1)
    assert reach(NEW, first, cart(2), said(3, "two", "3.1.0")) == (1, 0)


def test_who_was_selected_by_what_they_have_done_since_stays_reachable_on_the_same_devices() -> None:
    """Given WHO for those who never bought, and a purchase since, then the selected devices are those of then."""
    who = AllOf((NEW, Did("purchase", least=0, most=0)))
    bought = said(3, event="purchase")
    assert reach(who, said(0, "new", "3.2.0"), said(1, "old", "3.1.0", "blocked"), cart(2), bought) == (1, 1)
    assert reach(who, said(0, "new", "3.2.0", "blocked"), said(1, "old", "3.1.0"), cart(2), bought) == (1, 0)
