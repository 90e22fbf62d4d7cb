"""The inaction timers that a user's last events armed, answered and replaced, played through the very rules again."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from app.domain.explain.model import Fate, Past
from app.domain.model.campaign import Repeat
from app.domain.model.event import Event
from app.domain.model.user import Activity, Agenda, Started, User, Waiting
from app.domain.rules import answers, inaction, starts
from app.domain.rules.plan import Plan

ALWAYS_MS = -(1 << 62)


class Ending(Struct, frozen=True):
    """What became of a timer as far as the events tell: it runs or has run out (`waits`), or an event ended it.

    `is_late`: that event stands before this one in the log, though it is the later one.
    """

    fate: Fate
    by: Event | None = None
    at_ms: int | None = None
    is_late: bool = False


class _Played:
    """A user of whom nothing is known but the events of the play."""

    def __init__(self, user: User) -> None:
        self.user = User(user.id, user.profile, Activity(), Agenda())
        self.endings: dict[str, Ending] = {}

    def running(self) -> set[str]:
        """The triggering events of the timers that run."""
        return {entry.trigger.event_id for entry in self.user.agenda.entries}

    def fire(self, fired: frozenset[str], now_ms: int) -> None:
        """What is over by now, and has fired, runs no more; it is remembered as what ran."""
        over = [
            entry
            for entry in self.user.agenda.entries
            if isinstance(entry, Waiting) and entry.due_ms < now_ms and entry.trigger.event_id in fired
        ]
        if over:
            answers.take_out(self.user, over)
        for entry in over:
            told = Started(entry.version, entry.trigger.time_ms, entry.match, fired=True)
            starts.remember(self.user.agenda, entry.campaign, told, ALWAYS_MS)

    def end(self, before: set[str], fate: Fate, by: Event) -> None:
        """Note what this event ended."""
        for event_id in before - self.running():
            self.endings[event_id] = Ending(fate, by, by.time_ms)


def play(
    user: User, plan: Plan, past: Sequence[Past], arming: frozenset[int], fired: frozenset[str]
) -> dict[str, Ending]:
    """The ending of the timer of each event that may arm one (by its offset), by the event's id.

    `fired`: the triggering events whose timers are known to have fired, by what was decided; no other fires in the
    play. Events that are older than those read back are known by the answers that the user still has.
    """
    unless = plan.unless
    if unless is None or plan.answer is None or plan.date is not None:
        return {}
    played = _Played(user)
    for each in past:
        played.fire(fired, each.now_ms)
        if each.event.name == unless.event:
            before = played.running()
            answers.answered(played.user, each.catalog, each.event, each.now_ms, ALWAYS_MS)
            played.end(before, Fate.ANSWERED, each.event)
            answers.remember_answer(played.user, (plan.answer,), each.event, each.now_ms, ALWAYS_MS)
        if each.offset in arming:
            _arm(played, user, plan, each, past)
    return played.endings


def _arm(played: _Played, user: User, plan: Plan, each: Past, past: Sequence[Past]) -> None:
    event, before = each.event, played.running()
    inaction.arm(played.user, each.catalog.in_force(plan.id) or plan, event, ALWAYS_MS)
    if event.message_id in played.running():
        played.end(before, Fate.REPLACED, event)
        played.endings[event.message_id] = _answered_earlier(user, plan, event) or Ending(Fate.WAITS)
        return
    answered = _answered_earlier(played.user, plan, event)
    other = Ending(Fate.LEFT_TO_FIRST)
    if plan.campaign.when.repeat is Repeat.RESTART:
        other = Ending(Fate.REPLACED, _later_one(plan, each, past), is_late=True)
    played.endings[event.message_id] = answered or other


def _later_one(plan: Plan, late: Past, past: Sequence[Past]) -> Event | None:
    """The trigger that the log has before this one and that is later by its own time, within the time of its timer."""
    unless, event = plan.unless, late.event
    if unless is None:
        return None
    match = answers.match_value(unless.match, event.properties)
    found = [
        other.event
        for other in past
        if other.offset < late.offset
        and other.event.name == event.name
        and 0 < other.event.time_ms - event.time_ms <= unless.within_ms
        and answers.match_value(unless.match, other.event.properties) == match
    ]
    return min(found, key=lambda other: other.time_ms, default=None)


def passed_over(user: User, plan: Plan) -> frozenset[str]:
    """The triggering events whose timers wait and will stay silent, as far as is known by now (`keep_first`)."""
    if plan.campaign.when.repeat is not Repeat.KEEP_FIRST or plan.date is not None:
        return frozenset()
    matches = {entry.match for entry in user.agenda.entries if isinstance(entry, Waiting)}
    silent = (entry for match in matches for entry in inaction.passed_over(user, plan, match))
    return frozenset(entry.trigger.event_id for entry in silent)


def _answered_earlier(user: User, plan: Plan, event: Event) -> Ending | None:
    within_ms = 0 if plan.unless is None else plan.unless.within_ms
    return answered_earlier(user, plan, event, event.time_ms + within_ms)


def answered_earlier(user: User, plan: Plan, event: Event, last_ms: int) -> Ending | None:
    """By an event that the log had before its trigger, or that is no longer among the last ones."""
    if plan.unless is None or plan.answer is None:
        return None
    match = answers.match_value(plan.unless.match, event.properties) or ""
    for at_ms, kind in user.activity.answers.get(plan.answer.key, ()):
        if event.time_ms < at_ms <= last_ms and kind in {answers.ANY_MATCH, "=" + match}:
            return Ending(Fate.ANSWERED, None, at_ms)
    return None
