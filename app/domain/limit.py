"""One more question: is one left for this user? Per user, in all, and for the day (C023-C027).

Asked when every other guard is clear. What is taken is taken when the message is written, and settled when it ends.
"""

from __future__ import annotations

from msgspec import Struct

from app.domain.model.app_rules import AppRules
from app.domain.model.quota import FOR_GOOD, NOT_COUNTED
from app.domain.model.reason import Reason
from app.domain.model.user import User
from app.domain.model.verdict import CLEAR, Drop, Hold, Verdict
from app.domain.rules.lease import FAR_MS, Leases, enter, settle, share_of, take
from app.domain.rules.plan import Catalog, Plan
from app.domain.rules.zones import day_of


class Window(Struct, frozen=True):
    """The period of a limit that an instant falls in; after `ends_ms` what waits for it waits in vain."""

    period: int
    ends_ms: int


def window(plan: Plan, rules: AppRules, now_ms: int) -> Window:
    """The day in the campaign's zone, where there is a daily limit; its whole life, where there is none."""
    campaign, limits = plan.campaign, plan.campaign.limits
    ends_ms = FAR_MS if campaign.ends_ms is None else campaign.ends_ms
    if limits is None or not limits.is_shared:
        return Window(NOT_COUNTED, ends_ms)
    if limits.daily is None:
        return Window(FOR_GOOD, ends_ms)
    day = day_of(now_ms, campaign.zone or rules.zone)
    return Window(day.starts_ms, min(day.ends_ms, ends_ms))


def judge(plan: Plan, user: User, leases: Leases, rules: AppRules, now_ms: int) -> Verdict:
    """Clear where one is free, hold until it is this message's turn, drop where none will come."""
    limits = plan.campaign.limits
    if limits is None:
        return CLEAR
    if limits.times is not None and len(user.activity.reached.get(plan.id, ())) >= limits.times:
        return Drop(Reason.PER_USER_LIMIT)
    if not limits.is_shared:
        return CLEAR
    of = window(plan, rules, now_ms)
    share = enter(leases.of(plan.id), of.period, limits)
    if share.available == 0:
        leases.ask(plan.id, of.period, limits)
    if share.available:
        return CLEAR
    if share.spent is not None:
        return Drop(share.spent)
    return Hold(of.ends_ms, Reason.DAILY_LIMIT if limits.total is None else Reason.TOTAL_LIMIT)


def reach(plan: Plan, user: User, message_id: str, leases: Leases, of: Window, catalog: Catalog) -> int:
    """This message takes one, right after `judge` was clear; of which period."""
    limits = plan.campaign.limits
    if limits is None:
        return NOT_COUNTED
    if limits.times is not None:
        reached = user.activity.reached
        for campaign in [known for known in reached if catalog.has_ended(known)]:
            del reached[campaign]
        reached.setdefault(plan.id, []).append(message_id)
        user.activity_changed = True
    if of.period != NOT_COUNTED:
        take(share_of(leases.of(plan.id), of.period))
    return of.period


def ended(user: User, campaign: str, message_id: str, period: int, leases: Leases, *, reached: bool) -> None:
    """A message that took one of this period has ended: its user was reached, or it gives back what it took."""
    if period != NOT_COUNTED:
        settle(leases.of(campaign), period, used=reached)
    counted = user.activity.reached.get(campaign, ())
    if reached or message_id not in counted:
        return
    kept = [other for other in counted if other != message_id]
    user.activity.reached[campaign] = kept
    if not kept:
        del user.activity.reached[campaign]
    user.activity_changed = True
