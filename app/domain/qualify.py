"""The first question: whom does this event concern, and whose time has come? (C009, C034)"""

from __future__ import annotations

from app.domain.model.app_rules import AppRules
from app.domain.model.event import Event
from app.domain.model.quota import NOT_COUNTED
from app.domain.model.user import Device, Held, OnItsWay, User, Waiting
from app.domain.rules.answers import take_out
from app.domain.rules.plan import Catalog, Plan
from app.domain.rules.schedule import is_within
from app.domain.rules.who import Subject


def meets_who(plan: Plan, user: User, catalog: Catalog, rules: AppRules, now_ms: int) -> bool:
    """Does WHO hold for this user now? `catalog`: whose saved segments count."""
    who = plan.who
    if who.of_traits is not None:
        return who.of_traits(user.profile.traits, now_ms)
    return who.meets(_subject(plan, user, catalog, rules, now_ms))


def chosen(plan: Plan, user: User, catalog: Catalog, rules: AppRules, now_ms: int) -> list[Device] | None:
    """The devices for which WHO holds now; None where it says nothing of devices: all of them."""
    if not plan.who.is_per_device:
        return None
    return plan.who.chosen(_subject(plan, user, catalog, rules, now_ms))


def _subject(plan: Plan, user: User, catalog: Catalog, rules: AppRules, now_ms: int) -> Subject:
    return Subject(user, now_ms, plan.campaign.zone or rules.zone, catalog.segments, catalog.counted.by_key)


def triggered(catalog: Catalog, event: Event, name: str, now_ms: int) -> list[Plan]:
    """The live campaigns within their schedule whose trigger this event is; a late event as of its time."""
    listeners = catalog.triggers.get(name)
    if listeners is None:
        return []
    properties = event.properties
    candidates = listeners.candidates(properties)
    if not candidates:
        return []
    now_ms = min(event.time_ms, now_ms)
    return [
        plan
        for plan in candidates
        if (plan.where is None or plan.where(properties, now_ms))
        and (not plan.is_bounded or is_within(plan.campaign, now_ms))
    ]


def take_turn(user: User, message_id: str) -> Held | None:
    """Take the message that waits for its campaign's limit out of the agenda; None where it waits no more."""
    for entry in user.agenda.entries:
        if isinstance(entry, Held) and entry.message_id == message_id and entry.period != NOT_COUNTED:
            take_out(user, [entry])
            return entry
    return None


def due(user: User, due_ms: int) -> list[Waiting | Held]:
    """Take everything that is due at or before this time out of the agenda, by (due, campaign, instance)."""
    entries = user.agenda.entries
    ready = [e for e in entries if not isinstance(e, OnItsWay) and e.due_ms <= due_ms]
    if ready:
        take_out(user, ready)
    return sorted(ready, key=lambda e: (e.due_ms, e.campaign, e.instance))


def launched(user: User, event: Event) -> list[Held]:
    """Take out the messages that were waiting for the app to be launched, as this event says it was (C046-C048)."""
    ready = [
        entry
        for entry in user.agenda.entries
        if isinstance(entry, Held) and entry.awaits_launch and event.time_ms >= (entry.ready_ms or 0)
    ]
    if ready:
        take_out(user, ready)
    return sorted(ready, key=lambda e: (e.due_ms, e.campaign, e.instance))
