"""Limits beside what else a message waits for: a cut-off, a launch of the app, control groups (C026, C043, C159)."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.model.campaign import CutOff, Inbox, Limits, Status
from app.domain.model.mail import Result
from app.domain.model.reason import Reason
from app.domain.rules.control import is_in_control
from tests.domain.makers import a_campaign
from tests.flow.limited import STARTS_S, accepts, cart, limited, said
from tests.flow.test_triggers import track
from tests.flow.town import Town

COPY = Inbox(fallback=True, ttl_ms=86_400_000, copy=True)
AT_ONE_MINUTE = CutOff(at_ms=(STARTS_S + 60) * 1000)


def later(seconds: float) -> dict[str, Any]:
    """The stream's clock goes on by somebody whom no campaign concerns."""
    return track("nothing", seconds, f"n{seconds}", "nobody") | {"context": {}}


def launch(number: int, seconds: float) -> dict[str, Any]:
    """The user's app is launched."""
    return track("App Opened", seconds, f"o{number}", f"u{number}") | {"context": {}}


@pytest.mark.parametrize("limits", [Limits(total=1), Limits(daily=1), Limits(total=9, daily=1)])
def test_who_waits_for_a_limit_waits_no_longer_than_until_the_cut_off(limits: Limits) -> None:
    """Given one that is in flight and a second who waits, when the cut-off comes, then the second is dropped for it,
    and what comes free then is nobody's; the day's end or the campaign's comes later."""
    town = Town([a_campaign(limits=limits, cut_off=AT_ONE_MINUTE)], partitions=1)
    town.feed([cart(1), cart(2)])
    town.run()
    assert len(town.orders) == 1
    untils = {each["until"] for each in town.decisions if each["step"] == "held"}
    assert untils == {AT_ONE_MINUTE.at_ms}
    town.feed([later(60)])
    town.run()
    assert town.steps("dropped") == []
    town.feed([later(61)])
    town.run()
    assert town.steps("dropped") == ["dropped cut_off"]
    town.tell(said(town.orders[0], Result.FAILED, Reason.PROVIDER_REJECTED))
    town.run()
    assert (len(town.orders), town.status("cart-reminder")) == (1, Status.LIVE)


def test_a_push_with_a_copy_takes_its_reservation_at_the_launch() -> None:
    """Given 1 in all, push and copy, when the second user launches first, then it is theirs."""
    town = Town([limited(1, inbox=COPY)], partitions=1, answer=accepts)
    town.feed([cart(1), cart(2)])
    town.run()
    assert town.steps("held", "sent") == ["held app_launch"] * 2
    town.feed([launch(2, 60)])
    town.run()
    assert [order.push.user for order in town.orders] == ["u2"]
    assert town.status("cart-reminder") is Status.ENDED
    town.feed([launch(1, 120)])
    town.run()
    assert town.steps("dropped") == ["dropped not_live"]


def test_a_push_that_fails_after_its_copy_has_reached_its_user() -> None:
    """Given 2 in all, push and copy, when one of the pushes fails, then the copy counts, and the third gets nothing."""
    town = Town([limited(2, inbox=COPY)], partitions=1)
    town.feed([cart(1), cart(2), cart(3), launch(1, 10), launch(2, 11), launch(3, 12)])
    town.run()
    assert [order.push.user for order in town.orders] == ["u1", "u2"]
    town.tell(said(town.orders[0], Result.FAILED, Reason.PROVIDER_REJECTED))
    town.tell(accepts(town.orders[1]))
    town.run()
    assert town.status("cart-reminder") is Status.ENDED
    assert town.steps("inbox", "failed", "dropped") == [
        "inbox", "inbox", "failed provider_rejected", "dropped total_limit",
    ]  # fmt: skip


def test_after_a_launch_only_the_limit_is_waited_for() -> None:
    """Given 1 a day that is in flight, a second who waits, a version with a copy, a third who has launched and waits,
    when the first fails, then the second waits for a launch first, and the third is sent."""
    town = Town([a_campaign(limits=Limits(daily=1))], partitions=1)
    town.feed([cart(1), cart(2)])
    town.run()
    town.apply(a_campaign(limits=Limits(daily=1), inbox=COPY))
    town.clock.at_ms += 60_000
    town.feed([cart(3, 2), launch(3, 3)])
    town.run()
    town.tell(said(town.orders[0], Result.FAILED, Reason.PROVIDER_REJECTED))
    town.run()
    assert [order.push.user for order in town.orders] == ["u1", "u3"]
    held = {(each["user"], each["reason"]) for each in town.decisions if each["step"] == "held"}
    assert held >= {("u2", "app_launch"), ("u3", "app_launch"), ("u3", "daily_limit")}
    assert town.steps("held").count("held app_launch") == 2


def test_who_is_in_the_control_group_takes_nothing_of_a_limit() -> None:
    """Given 5 in all and half of the users to be compared with, then five others are reached, and it ends."""
    town = Town([limited(5, control=5000)], partitions=2, answer=accepts)
    town.feed(cart(number) for number in range(40))
    town.run()
    reached = [order.push.user for order in town.orders]
    assert len(reached) == 5
    assert not any(is_in_control("cart-reminder", user, 5000) for user in reached)
    assert "dropped control_group" in town.steps("dropped")
    assert town.status("cart-reminder") is Status.ENDED
