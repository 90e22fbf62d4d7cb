"""The first question: whom does this event concern, and whose time has come? (C009, C034)"""

from __future__ import annotations

from app.domain.model.event import Event
from app.domain.model.quota import NOT_COUNTED
from app.domain.model.user import Held, OnItsWay, User, Waiting
from app.domain.rules.answers import take_out
from app.domain.rules.plan import Catalog, Plan
from app.domain.rules.schedule import is_within


def meets_who(plan: Plan, user: User, now_ms: int) -> bool:
    """Does WHO hold for this user now?"""
    return plan.who(user.profile.traits, now_ms)


def triggered(catalog: Catalog, event: Event, name: str, now_ms: int) -> list[Plan]:
    """The live campaigns within their schedule whose trigger this event is; a late event as of its time."""
    listeners = catalog.triggers.get(name)
    if listeners is None:
        return []
    properties, now_ms = event.properties, min(event.time_ms, now_ms)
    return [
        plan
        for plan in listeners.candidates(properties)
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


LAUNCHES = frozenset({"App Opened", "Application Opened"})


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
