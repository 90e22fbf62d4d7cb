"""Inaction timers: A starts one, another A does to it what `repeat` says; late events as if in order (C010, C010t).

`restart`: an A qualifies where neither a B nor another A follows it within T. `keep_first`: the As within T of one
that runs do not count, but are kept until that is certain: a late A or B may yet change which one runs. `each`: every A
for itself.
"""

from __future__ import annotations

from math import inf

from app.domain.model.campaign import Repeat
from app.domain.model.event import Event
from app.domain.model.user import Started, Trigger, User, Waiting
from app.domain.rules import starts
from app.domain.rules.answers import match_value, take_out, was_answered
from app.domain.rules.plan import Plan


def arm(user: User, plan: Plan, event: Event, horizon_ms: int) -> None:
    """An A: start its timer, as `repeat` says where others are known. From before `horizon_ms` nothing can come.

    A timer that was due before this event runs no more, though nobody has fired it yet: it stays, and fires.
    """
    unless = plan.unless
    if unless is None:
        raise ValueError(f"{plan.id} has no `unless`")
    match = match_value(unless.match, event.properties) or ""
    due_ms = event.time_ms + unless.within_ms
    repeat, is_restart = plan.campaign.when.repeat, plan.campaign.when.repeat is Repeat.RESTART
    is_over = was_answered(user, plan, match, event.time_ms, due_ms)
    if is_restart:
        is_over |= _restart(user, plan, match, event.time_ms, due_ms, horizon_ms)
    elif repeat is Repeat.KEEP_FIRST:
        is_over |= _is_covered(user, plan, match, event.time_ms, due_ms)
        _forget_ignored(user, plan, match, horizon_ms)
    if not is_over:
        instance = match if is_restart else event.message_id
        trigger = Trigger(event.message_id, event.name or "", event.time_ms, event.properties)
        timer = Waiting(plan.id, plan.version, instance, due_ms, trigger, match)
        user.agenda.entries = [*user.agenda.entries, timer]
        user.agenda_changed = True
    elif is_restart:
        starts.remember(user.agenda, plan.id, Started(plan.version, event.time_ms, match), horizon_ms)
        user.agenda_changed = True


def waiting(user: User, campaign: str, match: str) -> list[Waiting]:
    """The timers of one campaign and match."""
    return [
        entry
        for entry in user.agenda.entries
        if isinstance(entry, Waiting) and entry.campaign == campaign and entry.match == match
    ]


def _restart(user: User, plan: Plan, match: str, time_ms: int, due_ms: int, horizon_ms: int) -> bool:
    """End the timers that this A takes over; True where a later A that is known already has taken over its own."""
    running = waiting(user, plan.id, match)
    ended = [entry for entry in running if entry.trigger.time_ms <= time_ms <= entry.due_ms]
    if ended:
        take_out(user, ended)
        for entry in ended:
            told = Started(entry.version, entry.trigger.time_ms, match)
            starts.remember(user.agenda, plan.id, told, horizon_ms)
    later_ms = [entry.trigger.time_ms for entry in running]
    later_ms += [started.time_ms for started in starts.of(user.agenda, plan.id, match)]
    return any(time_ms < at_ms <= due_ms for at_ms in later_ms)


def _is_covered(user: User, plan: Plan, match: str, time_ms: int, due_ms: int) -> bool:
    """Has a timer fired that ran at this A, or that this A would have kept from starting, had it come in time?"""
    within_ms = due_ms - time_ms
    return any(
        started.fired and abs(started.time_ms - time_ms) <= within_ms
        for started in starts.of(user.agenda, plan.id, match)
    )


def _forget_ignored(user: User, plan: Plan, match: str, horizon_ms: int) -> None:
    """No late A can come before these any more, so the first of them runs, and the others within its time never do."""
    ignored = passed_over(user, plan, match, horizon_ms)
    if ignored:
        take_out(user, ignored)


def passed_over(user: User, plan: Plan, match: str, until_ms: float = inf) -> list[Waiting]:
    """Those up to this time that stay silent (`keep_first`), as far as is known: another one runs, or has run."""
    ignored: list[Waiting] = []
    runs_until_ms = -1
    for entry in sorted(waiting(user, plan.id, match), key=lambda entry: entry.due_ms):
        if entry.trigger.time_ms > until_ms:
            break
        is_covered = _is_covered(user, plan, match, entry.trigger.time_ms, entry.due_ms)
        if is_covered or entry.trigger.time_ms <= runs_until_ms:
            ignored.append(entry)
        else:
            runs_until_ms = entry.due_ms
    return ignored


def fires(user: User, plan: Plan, entry: Waiting, horizon_ms: int) -> bool:
    """The time of this timer has come: does it fire, or did another one run (`keep_first`)?

    One that ran is remembered until the last A that it kept from starting, and that may have come late, is due.
    """
    time_ms, repeat = entry.trigger.time_ms, plan.campaign.when.repeat
    if repeat is Repeat.KEEP_FIRST and _is_covered(user, plan, entry.match, time_ms, entry.due_ms):
        return False
    if repeat is not Repeat.EACH:
        keeps_out = repeat is Repeat.KEEP_FIRST
        told = Started(entry.version, time_ms, entry.match, fired=keeps_out, until_ms=entry.due_ms)
        starts.remember(user.agenda, entry.campaign, told, horizon_ms)
        user.agenda_changed = True
    return True
