"""The first question: whom does this event concern? Triggers, inaction timers, and what answers them (C009, C010)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.domain.model.campaign import Repeat
from app.domain.model.event import Event
from app.domain.model.quota import NOT_COUNTED
from app.domain.model.user import Entry, Held, OnItsWay, Trigger, User, Waiting
from app.domain.rules.plan import AnswerKind, Catalog, Plan
from app.domain.rules.schedule import is_within

REMEMBERED_ANSWERS = 64
ANY_MATCH = "*"  # an answer without the correlating property answers every timer


def meets_who(plan: Plan, user: User, now_ms: int) -> bool:
    """Does WHO hold for this user now?"""
    return plan.who(user.profile.traits, now_ms)


def match_value(match: str | None, properties: dict[str, Any]) -> str | None:
    """What tells two timers of one campaign apart: the correlating property as text; None where it is missing."""
    if match is None:
        return ""
    value = properties.get(match)
    return None if value is None else str(value)


def triggered(catalog: Catalog, event: Event, name: str, now_ms: int) -> list[Plan]:
    """The live campaigns within their schedule whose trigger this event, of this name, is."""
    listeners = catalog.triggers.get(name)
    if listeners is None:
        return []
    properties = event.properties
    return [
        plan
        for plan in listeners.candidates(properties)
        if (plan.where is None or plan.where(properties, now_ms))
        and (not plan.is_bounded or is_within(plan.campaign, now_ms))
    ]


def answered(user: User, catalog: Catalog, event: Event, now_ms: int) -> list[Held]:
    """Let this event cancel what it answers; returns the held messages that it cancels.

    A timer: where tB <= tA+T, B being later in the log; B without the `match` property cancels every one. A held
    message: at any time before it is sent (SPEC section 9, Held and delayed). Of one who had other ids no log says
    which came first: there B must be the later one by its own time.
    """
    entries = user.agenda.entries
    gone = [entry for entry in entries if _answers(catalog, event, entry, now_ms)]
    if user.has_other_ids:
        gone = [entry for entry in gone if entry.trigger.time_ms < event.time_ms]
    if not gone:
        return []
    _take_out(user, gone)
    return [entry for entry in gone if isinstance(entry, Held)]


def _take_out(user: User, gone: Sequence[Entry]) -> None:
    """These very entries; a user may have thousands, so they are not compared with one another."""
    names = {id(entry) for entry in gone}
    user.agenda.entries = [entry for entry in user.agenda.entries if id(entry) not in names]
    user.agenda_changed = True


def _answers(catalog: Catalog, event: Event, entry: Entry, now_ms: int) -> bool:
    if isinstance(entry, OnItsWay):
        return False
    plan = catalog.plans.get((entry.campaign, entry.version))
    if plan is None or plan.unless is None or plan.unless.event != event.name:
        return False
    if isinstance(entry, Waiting) and event.time_ms > entry.due_ms:
        return False
    match = _answer_of(plan.answer, event, now_ms)
    return match in {ANY_MATCH, "=" + entry.match}


def _answer_of(kind: AnswerKind | None, event: Event, now_ms: int) -> str | None:
    """Which timers this event answers: every one, those of one `match`, or none where `where` does not hold."""
    if kind is None or (kind.where is not None and not kind.where(event.properties, now_ms)):
        return None
    match = match_value(kind.match, event.properties)
    return ANY_MATCH if match is None else "=" + match


def remember_answer(
    user: User, kinds: tuple[AnswerKind, ...], event: Event, now_ms: int, horizon_ms: int
) -> None:
    """Keep the time of a cancelling event for a trigger that the log may yet bring (tA < tB), as long as it may."""
    answers = user.activity.answers
    for kind in kinds:
        match = _answer_of(kind, event, now_ms)
        if match is not None:
            known = answers.get(kind.key)
            if known is None:
                known = answers[kind.key] = []
            if known and (known[0][0] <= horizon_ms or len(known) >= REMEMBERED_ANSWERS):
                known[:] = [answer for answer in known[1 - REMEMBERED_ANSWERS :] if answer[0] > horizon_ms]
            known.append((event.time_ms, match))
            user.activity_changed = True


def arm(user: User, plan: Plan, event: Event) -> None:
    """Start the inaction timer of a campaign, as its `repeat` says where one is running.

    One that was due before this event runs no more, though nobody has fired it yet: it stays, and fires.
    """
    unless = plan.unless
    if unless is None:
        raise ValueError(f"{plan.id} has no `unless`")
    match = match_value(unless.match, event.properties) or ""
    due_ms = event.time_ms + unless.within_ms
    if answered_before(user, plan, match, event.time_ms, due_ms):
        return
    running = [
        e
        for e in user.agenda.entries
        if isinstance(e, Waiting) and e.campaign == plan.id and e.match == match and e.due_ms >= event.time_ms
    ]
    if running and not _replaces(plan.campaign.when.repeat, running[0], event):
        return
    kept = user.agenda.entries
    if running and plan.campaign.when.repeat is not Repeat.EACH:
        kept = [entry for entry in kept if entry not in running]
    instance = event.message_id if plan.campaign.when.repeat is Repeat.EACH else match
    trigger = Trigger(event.message_id, event.name or "", event.time_ms, event.properties)
    user.agenda.entries = [*kept, Waiting(plan.id, plan.version, instance, due_ms, trigger, match)]
    user.agenda_changed = True


def _replaces(repeat: Repeat, running: Waiting, event: Event) -> bool:
    """Does a second A start a timer while one is running? The later A counts, whatever the order of the log."""
    match repeat:
        case Repeat.EACH:
            return True
        case Repeat.KEEP_FIRST:
            return event.time_ms < running.trigger.time_ms
        case Repeat.RESTART:
            return event.time_ms >= running.trigger.time_ms


def answered_before(user: User, plan: Plan, match: str, from_ms: int, due_ms: float) -> bool:
    """Was what started at `from_ms` answered by an event that is remembered, after it and not after `due_ms`?"""
    answers = user.activity.answers.get(plan.answer.key, ()) if plan.answer is not None else ()
    return any(from_ms < at_ms <= due_ms and kind in {ANY_MATCH, "=" + match} for at_ms, kind in answers)


def take_turn(user: User, message_id: str) -> Held | None:
    """Take the message that waits for its campaign's limit out of the agenda; None where it waits no more."""
    for entry in user.agenda.entries:
        if isinstance(entry, Held) and entry.message_id == message_id and entry.period != NOT_COUNTED:
            _take_out(user, [entry])
            return entry
    return None


def due(user: User, due_ms: int) -> list[Waiting | Held]:
    """Take everything that is due at or before this time out of the agenda, by (due, campaign, instance)."""
    entries = user.agenda.entries
    ready = [e for e in entries if not isinstance(e, OnItsWay) and e.due_ms <= due_ms]
    if ready:
        _take_out(user, ready)
    return sorted(ready, key=lambda e: (e.due_ms, e.campaign, e.instance))
