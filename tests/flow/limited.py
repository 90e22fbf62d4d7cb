"""Makers for tests of limits: a campaign with some, users who qualify, and what becomes of their messages."""

from __future__ import annotations

from typing import Any

from app.domain.model.campaign import Campaign, Limits
from app.domain.model.mail import Outcome, Result
from app.domain.model.push import Order
from app.domain.model.reason import Reason
from tests.domain.makers import a_campaign
from tests.flow.test_triggers import track

STARTS_S = 1_795_428_000  # 2026-11-23T10:00Z


def device(user: str) -> dict[str, Any]:
    """A user's device, that may be sent to."""
    return {"device": {"id": f"d-{user}", "type": "android", "token": f"t-{user}"}}


def cart(number: int, seconds: float = 1, user: str | None = None) -> dict[str, Any]:
    """A message that triggers, of a user with a device."""
    name = user or f"u{number}"
    told = {"context": device(name), "timestamp": STARTS_S + seconds}
    return track("add_to_cart", 0, f"a{number}", name) | told


def said(order: Order, result: Result, reason: Reason | None = None, *, unanswered: bool = False) -> Outcome:
    """A sender's last word on an order."""
    push, target = order.push, order.targets[0]
    return Outcome(push.user, push.message_id, push.campaign, target.device, target.token, "fcm", result, 1,
                   reason, unanswered=unanswered)  # fmt: skip


def accepts(order: Order) -> Outcome:
    """A push service that takes everything."""
    return said(order, Result.ACCEPTED)


def limited(total: int | None = None, **fields: Any) -> Campaign:
    """A campaign with a total."""
    return a_campaign(**{"limits": Limits(total)} | fields)
