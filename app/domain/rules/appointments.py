"""Date triggers: the event tells a date, and the newest one that does counts (C011).

By the events' own times, and within a millisecond by the order of the log. One date for each value of `match`.
"""

from __future__ import annotations

from typing import NamedTuple

from app.domain.model.campaign import DateTrigger
from app.domain.model.event import Event
from app.domain.model.user import Held, Started, Trigger, User, Waiting
from app.domain.rules import starts
from app.domain.rules.answers import match_value, take_out, was_answered
from app.domain.rules.due_dates import due_of
from app.domain.rules.plan import Plan


class Told(NamedTuple):
    """What an event that tells a date has led to.

    `due_ms`: None where it counts for nothing. `is_past`: it was due before the event was known, and waits for nothing.
    `moved`: messages that were held for an earlier told date.
    """

    due_ms: int | None
    is_past: bool = False
    moved: tuple[Held, ...] = ()


NOTHING = Told(None)


def tell(user: User, plan: Plan, event: Event, zone: str, known_ms: int, horizon_ms: int) -> Told:
    """Plan, or plan anew, for the date that this event tells. `known_ms`: when the event became known."""
    date = plan.date
    if date is None:
        raise ValueError(f"{plan.id} has no `date`")
    due_ms = due_of(date, event.properties, zone)
    match = match_value(date.match, event.properties) or ""
    if due_ms is None or _is_outdated(user, plan, match, event.time_ms):
        return NOTHING
    earlier = _earlier(user, plan, match)
    if any(_was_due(entry, date, zone) == due_ms for entry in earlier if isinstance(entry, Held)):
        _remember(user, plan, match, event.time_ms, horizon_ms)  # that it was the newest word
        return NOTHING
    take_out(user, earlier)
    trigger = Trigger(event.message_id, event.name or "", event.time_ms, event.properties)
    is_past = due_ms < known_ms
    if is_past or was_answered(user, plan, match, event.time_ms, due_ms):
        _remember(user, plan, match, event.time_ms, horizon_ms)
    else:
        user.agenda.entries = [
            *user.agenda.entries,
            Waiting(plan.id, plan.version, match, due_ms, trigger, match),
        ]
    user.agenda_changed = True
    return Told(due_ms, is_past, tuple(entry for entry in earlier if isinstance(entry, Held)))


def _remember(user: User, plan: Plan, match: str, time_ms: int, horizon_ms: int) -> None:
    starts.remember(user.agenda, plan.id, Started(plan.version, time_ms, match), horizon_ms)
    user.agenda_changed = True


def _earlier(user: User, plan: Plan, match: str) -> list[Waiting | Held]:
    return [
        entry
        for entry in user.agenda.entries
        if isinstance(entry, Waiting | Held) and entry.campaign == plan.id and entry.match == match
    ]


def _is_outdated(user: User, plan: Plan, match: str, time_ms: int) -> bool:
    """Is a newer event known that told, or was told to forget, a date?"""
    told_ms = [entry.trigger.time_ms for entry in _earlier(user, plan, match)]
    told_ms += [started.time_ms for started in starts.of(user.agenda, plan.id, match)]
    return any(at_ms > time_ms for at_ms in told_ms)


def _was_due(entry: Held, date: DateTrigger, zone: str) -> int | None:
    return due_of(date, entry.trigger.properties, zone)
