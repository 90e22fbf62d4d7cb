"""The second question: may we send, to this person, now? Guards in the order of SPEC section 3."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import final

from msgspec import Struct

from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import QuietThen
from app.domain.model.push import Target
from app.domain.model.reason import Reason
from app.domain.model.user import Device, User
from app.domain.model.verdict import CLEAR, Clear, Drop, Hold, ToInbox, Verdict
from app.domain.rules import caps, quiet, surface
from app.domain.rules.control import is_in_control
from app.domain.rules.cut_offs import cut_off_at
from app.domain.rules.plan import Catalog, Plan
from app.domain.rules.schedule import is_within
from app.domain.rules.zones import ZoneSource, zone_for


class Asked(Struct, frozen=True):
    """What every guard is asked about: a qualified user-message at this moment."""

    plan: Plan
    user: User
    rules: AppRules
    catalog: Catalog
    now_ms: int
    zone: str
    ready_ms: int


@final
class Cleared(Struct, frozen=True):
    """Every guard is clear; the push goes to these devices."""

    targets: tuple[Target, ...]


def zone_of(plan: Plan, user: User, rules: AppRules) -> str:
    """Whose wall clock counts: user, campaign, app (C044). A trait wins over what devices report."""
    return zone_for(_own_zone(user), plan.campaign.zone, rules.zone)[0]


def zone_source_of(plan: Plan, user: User, rules: AppRules) -> ZoneSource:
    """Whose zone that is."""
    return zone_for(_own_zone(user), plan.campaign.zone, rules.zone)[1]


def _own_zone(user: User) -> str | None:
    trait = user.profile.traits.get("timezone")
    return trait if isinstance(trait, str) else user.profile.zone


def cut_off_of(plan: Plan, user: User, rules: AppRules, ready_ms: int) -> int | None:
    """From when on this message is not sent any more; `ready_ms`: when it was due (C043)."""
    cut_off = plan.campaign.cut_off
    return None if cut_off is None else cut_off_at(cut_off, ready_ms, zone_of(plan, user, rules))


def judge(
    plan: Plan,
    user: User,
    rules: AppRules,
    catalog: Catalog,
    now_ms: int,
    ready_ms: int | None = None,
    devices: Sequence[Device] | None = None,
) -> Cleared | Hold | Drop | ToInbox:
    """Live, in schedule and before the cut-off, then the surface, then what only a push must pass.

    `plan`: the version in force; `ready_ms`: when the message was due, now where that is not said; `devices`: those
    for which WHO holds, among which the surface is chosen, all where that is not said. Who is in the control group
    passes the same guards at the same time, and is dropped where others are cleared (C159).
    """
    zone = zone_of(plan, user, rules)
    asked = Asked(plan, user, rules, catalog, now_ms, zone, now_ms if ready_ms is None else ready_ms)
    verdict = _judge(asked, devices)
    control = plan.campaign.control
    if control and type(verdict) in (Cleared, ToInbox) and is_in_control(plan.id, user.id, control):
        return Drop(Reason.CONTROL_GROUP)
    return verdict


def _judge(asked: Asked, devices: Sequence[Device] | None) -> Cleared | Hold | Drop | ToInbox:
    plan, user = asked.plan, asked.user
    verdict = _first(ALWAYS, asked)
    if not isinstance(verdict, Clear):
        return verdict
    reached = surface.choose(user.profile, devices)
    if type(reached) is surface.Unreachable:
        inbox = plan.campaign.inbox
        return ToInbox(reached.reason) if inbox is not None and inbox.fallback else Drop(reached.reason)
    verdict = _first(PUSH_ONLY, asked)
    return Cleared(reached.targets) if isinstance(verdict, Clear) else verdict


def _first(guards: tuple[Guard, ...], asked: Asked) -> Verdict:
    for guard in guards:
        verdict = guard(asked)
        if not isinstance(verdict, Clear):
            return verdict
    return CLEAR


def refused(plan: Plan, catalog: Catalog, now_ms: int) -> Reason | None:
    """Why the campaign sends nothing to anybody now, if so."""
    if not catalog.is_live(plan.id):
        return _resting(plan, catalog)
    return None if is_within(plan.campaign, now_ms) else Reason.OUTSIDE_SCHEDULE


def live(asked: Asked) -> Verdict:
    """Is the campaign live (C004), or has it paused itself (C161)?"""
    if asked.catalog.is_live(asked.plan.id):
        return CLEAR
    return Drop(_resting(asked.plan, asked.catalog))


def _resting(plan: Plan, catalog: Catalog) -> Reason:
    """Why it is not live: it has paused itself, or somebody wanted it so."""
    return Reason.SURGE if plan.id in catalog.surging else Reason.NOT_LIVE


def in_schedule(asked: Asked) -> Verdict:
    """Is it between start and end (C034)?"""
    return CLEAR if is_within(asked.plan.campaign, asked.now_ms) else Drop(Reason.OUTSIDE_SCHEDULE)


def before_cut_off(asked: Asked) -> Verdict:
    """Is there still time to send it (C043)?"""
    cut_off = asked.plan.campaign.cut_off
    if cut_off is None or asked.now_ms < cut_off_at(cut_off, asked.ready_ms, asked.zone):
        return CLEAR
    return Drop(Reason.CUT_OFF)


def quiet_hours(asked: Asked) -> Verdict:
    """Is it quiet in the user's zone (C040-C042)?"""
    window = asked.plan.campaign.quiet
    until_ms = None if window is None else quiet.quiet_until(window, asked.now_ms, asked.zone)
    if window is None or until_ms is None:
        return CLEAR
    if window.then is QuietThen.DROP:
        return Drop(Reason.QUIET_HOURS)
    return Hold(until_ms, Reason.QUIET_HOURS)


def user_caps(asked: Asked) -> Verdict:
    """Has the user had enough pushes (C031-C033)?"""
    if asked.plan.campaign.ignore_caps or not asked.rules.caps:
        return CLEAR
    cleared = [push.cleared_ms for push in asked.user.activity.pushes]
    capped = caps.is_capped(asked.rules.caps, cleared, asked.now_ms, asked.zone)
    return Drop(Reason.USER_CAP) if capped else CLEAR


Guard = Callable[[Asked], Verdict]
ALWAYS: tuple[Guard, ...] = (live, in_schedule, before_cut_off)
PUSH_ONLY: tuple[Guard, ...] = (quiet_hours, user_caps)
