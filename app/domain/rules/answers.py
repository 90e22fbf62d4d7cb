"""What a cancelling event cancels, whatever the order in which the log brings it and its trigger (C010, C010t).

It answers a trigger that the log had before it, whichever of the two is older by its own time, up to the end of the
timer; and one that the log has after it where its own time is the later one. Of dates the newest word counts, so there
it must be the later one in either case (C011).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from app.domain.model.campaign import Repeat
from app.domain.model.event import Event
from app.domain.model.user import Entry, Held, OnItsWay, Started, User, Waiting
from app.domain.rules import starts
from app.domain.rules.plan import AnswerKind, Catalog, Plan

REMEMBERED_ANSWERS = 64
PLAIN = "="  # an answer to timers that no property tells apart
ANY_MATCH = "*"  # an answer without the correlating property answers every timer


class TooLate(NamedTuple):
    """An answer that came after the message was sent."""

    plan: Plan
    started: Started


def match_value(match: str | None, properties: dict[str, Any]) -> str | None:
    """What tells two timers of one campaign apart: the correlating property as text; None where it is missing."""
    if match is None:
        return ""
    value = properties.get(match)
    return None if value is None else str(value)


def answered(user: User, catalog: Catalog, event: Event, now_ms: int, horizon_ms: int) -> list[Held]:
    """Let this event cancel what it answers; returns the held messages that it cancels.

    A timer: where tB <= due, B being later in the log; B without the `match` property cancels every one. A held
    message: at any time before it is sent (SPEC section 9, Held and delayed). Of one who had other ids no log says
    which came first: there B must be the later one by its own time.
    """
    gone: list[Waiting | Held] = [
        entry
        for entry in user.agenda.entries
        if not isinstance(entry, OnItsWay) and _answers(catalog, event, entry, now_ms)
    ]
    if user.has_other_ids:
        gone = [entry for entry in gone if entry.trigger.time_ms < event.time_ms]
    if not gone:
        return []
    take_out(user, gone)
    for entry in gone:
        repeat = catalog.plans[entry.campaign, entry.version].campaign.when.repeat
        if isinstance(entry, Waiting) and repeat is Repeat.RESTART:
            told = Started(entry.version, entry.trigger.time_ms, entry.match)
            starts.remember(user.agenda, entry.campaign, told, horizon_ms)
    return [entry for entry in gone if isinstance(entry, Held)]


def take_out(user: User, gone: Sequence[Entry]) -> None:
    """These very entries; a user may have thousands, so they are not compared with one another."""
    names = {id(entry) for entry in gone}
    user.agenda.entries = [entry for entry in user.agenda.entries if id(entry) not in names]
    user.agenda_changed = True


def _answers(catalog: Catalog, event: Event, entry: Waiting | Held, now_ms: int) -> bool:
    plan = catalog.plans.get((entry.campaign, entry.version))
    if plan is None or plan.unless is None or plan.unless.event != event.name:
        return False
    if plan.date is not None and event.time_ms < entry.trigger.time_ms:
        return False
    if isinstance(entry, Waiting) and event.time_ms > entry.due_ms:
        return False
    return is_for(_answer_of(plan.answer, event, now_ms), entry.match)


def too_late(user: User, catalog: Catalog, event: Event, now_ms: int) -> list[TooLate]:
    """The messages that this event would have stopped, had it come before they were sent; each is told once."""
    found: list[TooLate] = []
    for campaign, known in user.agenda.started.items():
        for started in known:
            plan = catalog.plans.get((campaign, started.version)) if started.event_id else None
            if plan is None or plan.unless is None or plan.unless.event != event.name:
                continue
            must_follow = plan.date is not None or user.has_other_ids
            if event.time_ms > started.until_ms or (must_follow and event.time_ms < started.time_ms):
                continue
            if is_for(_answer_of(plan.answer, event, now_ms), started.match):
                found.append(TooLate(plan, started))
    return found


def is_for(answer: str | None, match: str) -> bool:
    """Does an answer concern the timers of this match?"""
    return answer is not None and (answer == ANY_MATCH or answer == "=" + match)


def _answer_of(kind: AnswerKind | None, event: Event, now_ms: int) -> str | None:
    """Which timers this event answers: every one, those of one `match`, or none where `where` does not hold.

    It is asked as of the event's own time, as a trigger's is: a late answer says what it would have said in time.
    """
    as_of_ms = min(event.time_ms, now_ms)
    if kind is None or (kind.where is not None and not kind.where(event.properties, as_of_ms)):
        return None
    match = match_value(kind.match, event.properties)
    return ANY_MATCH if match is None else "=" + match


def remember_answer(
    user: User, kinds: tuple[AnswerKind, ...], event: Event, now_ms: int, horizon_ms: int
) -> None:
    """Keep the time of a cancelling event for a trigger that the log may yet bring (tA < tB), as long as it may.

    And for one that is held: it is asked for once more when it is released.
    """
    answers = user.activity.answers
    for kind in kinds:
        match = PLAIN if kind.is_plain else _answer_of(kind, event, now_ms)
        if match is not None:
            known = answers.get(kind.key)
            if known is None:
                known = answers[kind.key] = []
            if known and (known[0][0] <= horizon_ms or len(known) >= REMEMBERED_ANSWERS):
                held_ms = [each.trigger.time_ms for each in user.agenda.entries if isinstance(each, Held)]
                from_ms = min([horizon_ms, *held_ms])
                known[:] = [answer for answer in known[1 - REMEMBERED_ANSWERS :] if answer[0] > from_ms]
            known.append((event.time_ms, match))
            user.activity_changed = True


def was_answered(user: User, plan: Plan, match: str, from_ms: int, until_ms: float) -> bool:
    """Has the log brought an answer already that follows the trigger, up to this time?"""
    known = user.activity.answers.get(plan.answer.key, ()) if plan.answer is not None else ()
    return any(from_ms < at_ms <= until_ms and is_for(kind, match) for at_ms, kind in known)
