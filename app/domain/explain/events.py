"""The user's last events, each judged by the campaign as it was in force at the event's place in the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from app.domain.explain import timers
from app.domain.explain.dates import Dates
from app.domain.explain.model import Case, Fate, JudgedEvent, Past
from app.domain.explain.timers import Ending
from app.domain.guard import zone_of
from app.domain.model.campaign import EVERYONE, Repeat, Status
from app.domain.model.decision import Step
from app.domain.model.event import Event
from app.domain.model.user import Waiting
from app.domain.rules.answers import match_value
from app.domain.rules.findings import Finding, find, why_not
from app.domain.rules.plan import LISTENING, Plan
from app.domain.rules.schedule import is_within
from app.domain.rules.wording import instant_text, span

NAMELESS = "(says something of the user)"


class _Judged(Struct, frozen=True):
    fate: Fate
    sentence: str


def judge_all(case: Case, plan: Plan, audience: Finding) -> tuple[JudgedEvent, ...]:
    """Every event, the latest first. `plan`: what is in force now; `audience`: WHO as of now."""
    firsts = {each.offset: _before_timers(case, each, plan) for each in case.past}
    arming = frozenset(offset for offset, judged in firsts.items() if judged is None)
    fired = frozenset(str(each.trigger.get("event_id")) for each in case.decisions or ())
    endings = timers.play(case.user, plan, case.past, arming, fired)
    answers = _Answers(case, plan, audience, endings)
    return tuple(answers.of(each, firsts[each.offset]) for each in reversed(case.past))


def plan_of(each: Past, plan: Plan) -> Plan:
    """The version that was in force for this event; where there was none, the one of now."""
    return each.catalog.in_force(plan.id) or plan


def where_of(each: Past, plan: Plan) -> Finding | None:
    """The condition of the trigger, or of what answers it, on this event's properties; None where it asks nothing."""
    when = plan_of(each, plan).campaign.when
    name = each.event.name
    if name == when.event and when.where != EVERYONE:
        return find(when.where, each.event.properties, _as_of_ms(each))
    if when.unless is not None and name == when.unless.event and when.unless.where != EVERYONE:
        return find(when.unless.where, each.event.properties, each.now_ms)
    return None


def _as_of_ms(each: Past) -> int:
    """Where and schedule of a trigger that comes late are asked as of its own time."""
    return min(each.event.time_ms, each.now_ms)


def is_late(case: Case, each: Past) -> bool:
    """Was it too late to trigger anything new (SPEC section 9, Time)?"""
    against_ms = each.now_ms if case.rules.stream_clock else each.event.recorded_ms
    return against_ms - each.event.time_ms > case.rules.max_lateness_ms


def _before_timers(case: Case, each: Past, plan: Plan) -> _Judged | None:
    """Why this event starts nothing; None where it triggers."""
    then, event = plan_of(each, plan), each.event
    if event.name != then.campaign.when.event:
        return _of_another(each, then)
    where = where_of(each, plan)
    if where is not None and not where.holds:
        return _Judged(Fate.NO_MATCH, f"it had {why_not(where)}")
    status = each.catalog.current.get(plan.id, (Status.DRAFT, 0))[0]
    if status not in LISTENING:
        if plan.id in each.catalog.surging:
            return _Judged(
                Fate.SURGE, "the campaign had paused itself, for far more people than usual qualified"
            )
        there = plan.id in each.catalog.current
        return _Judged(Fate.NOT_LIVE, f"the campaign was {_as_status(status) if there else 'not there yet'}")
    if not is_within(then.campaign, _as_of_ms(each)):
        return _Judged(Fate.OUTSIDE_SCHEDULE, _schedule_text(then, _as_of_ms(each)))
    if is_late(case, each):
        late = "it came too late: its time was more than "
        return _Judged(Fate.TOO_LATE, f"{late}{span(case.rules.max_lateness_ms)} before it arrived")
    return None


def _of_another(each: Past, plan: Plan) -> _Judged:
    unless = plan.unless
    if unless is None or each.event.name != unless.event:
        return _Judged(Fate.OTHER, "the campaign does not ask for this event")
    where = where_of(each, plan)
    if where is not None and not where.holds:
        return _Judged(Fate.NO_MATCH, f"it answers nothing: it had {why_not(where)}")
    match = match_value(unless.match, each.event.properties)
    if unless.match is None:
        return _Judged(Fate.ANSWERS, "")
    return _Judged(
        Fate.ANSWERS,
        f"; it has no {unless.match}, so it is for all" if match is None else f" with {unless.match} {match}",
    )


def _as_status(status: Status) -> str:
    return {Status.DRAFT: "a draft", Status.ENDED: "over"}.get(status, str(status))


def _schedule_text(plan: Plan, now_ms: int) -> str:
    starts_ms, ends_ms = plan.campaign.starts_ms, plan.campaign.ends_ms
    if starts_ms is not None and now_ms < starts_ms:
        return f"the campaign starts at {instant_text(starts_ms)}"
    return f"the campaign ended at {instant_text(ends_ms or now_ms)}"


class _Answers:
    """What each event that triggered came to."""

    def __init__(self, case: Case, plan: Plan, audience: Finding, endings: Mapping[str, Ending]) -> None:
        self._case = case
        self._plan = plan
        self._audience = audience
        self._endings = endings
        self._dates = Dates(case.user, plan, case.past, zone_of(plan, case.user, case.rules))
        self._decided = {str(each.trigger.get("event_id")) for each in case.decisions or ()}
        self._passed_over = timers.passed_over(case.user, plan)
        self._waiting: dict[str, Waiting] = {
            entry.trigger.event_id: entry
            for entry in case.user.agenda.entries
            if isinstance(entry, Waiting) and entry.campaign == case.campaign
        }
        self._open = {
            entry.trigger.event_id for entry in case.user.agenda.entries if entry.campaign == case.campaign
        } - self._passed_over

    def of(self, each: Past, judged: _Judged | None) -> JudgedEvent:
        """The event with its fate."""
        found = judged or self._triggered(each.event)
        if found.fate is Fate.ANSWERS:
            found = self._answering(each.event, found.sentence)
        return JudgedEvent(
            each.event.message_id,
            each.event.name or NAMELESS,
            each.event.time_ms,
            each.offset,
            found.fate,
            found.sentence,
            None if found.fate is Fate.OTHER else plan_of(each, self._plan).version,
            where_of(each, self._plan),
        )

    def _answering(self, event: Event, which: str) -> _Judged:
        """What an event that may answer timers did answer; `which`: those that it is for."""
        for each in self._case.decisions or ():
            if isinstance(each.detail, dict) and each.detail.get("answered_by") == event.message_id:
                if each.step is Step.ANSWERED:
                    return _Judged(
                        Fate.ANSWERS, "it came too late: the message had been sent when it arrived"
                    )
                return _Judged(Fate.ANSWERS, "it took a message back that was held")
        armed = [each.event for each in self._case.past if self._ended_by(each.event, event)]
        if armed:
            told = ", ".join(f"{each.name} of {instant_text(each.time_ms)}" for each in armed)
            return _Judged(Fate.ANSWERS, f"it answered the timer of {told}")
        timers_text = "date" if self._plan.date is not None else "timer"
        return _Judged(
            Fate.OTHER,
            f"it answered nothing: no {timers_text}{which} of the user's last events was open then",
        )

    def _ended_by(self, event: Event, by: Event) -> bool:
        """Did `by` answer what this event had started? Of dates it is known by the time of the answer."""
        ended = self._endings.get(event.message_id)
        if ended is None and event.name == self._plan.campaign.when.event:
            ended = self._dates.ending_of(event)
        if ended is None or ended.fate is not Fate.ANSWERED:
            return False
        return ended.by.message_id == by.message_id if ended.by is not None else ended.at_ms == by.time_ms

    def _triggered(self, event: Event) -> _Judged:
        waiting = self._waiting.get(event.message_id)
        if event.message_id in self._passed_over:
            return _Judged(Fate.LEFT_TO_FIRST, _ending_text(Ending(Fate.LEFT_TO_FIRST), self._plan))
        if waiting is not None:
            return _Judged(Fate.WAITS, f"it armed a timer that is due at {instant_text(waiting.due_ms)}")
        if event.message_id in self._decided or event.message_id in self._open:
            return _Judged(Fate.QUALIFIED, "it qualified: see what was decided")
        ended = self._endings.get(event.message_id) or self._dates.ending_of(event)
        if ended is not None and ended.fate is not Fate.WAITS:
            return _Judged(ended.fate, _ending_text(ended, self._plan))
        if not self._audience.holds:
            who = why_not(self._audience)
            return _Judged(Fate.NOT_IN_AUDIENCE, f"the user is not in the audience (as of now): {who}")
        other = self._other_timer(event)
        if other is not None:
            is_restart = self._plan.campaign.when.repeat is Repeat.RESTART
            fate = Fate.REPLACED if is_restart else Fate.LEFT_TO_FIRST
            return _Judged(fate, _ending_text(Ending(fate, other), self._plan))
        return _Judged(Fate.UNKNOWN, self._unknown())

    def _other_timer(self, event: Event) -> Event | None:
        """Another trigger whose timer ran meanwhile and came to something: the two had one timer between them.

        When a timer that was over had fired, before or after the next event in the log, is not kept.
        """
        unless = self._plan.unless
        if unless is None or self._plan.campaign.when.repeat is Repeat.EACH:
            return None
        match = match_value(unless.match, event.properties) or ""
        for each in self._case.past:
            other = each.event
            came_to_something = other.message_id in self._decided or other.message_id in self._open
            if (
                came_to_something
                and other.name == event.name
                and (match_value(unless.match, other.properties) or "") == match
                and abs(other.time_ms - event.time_ms) <= unless.within_ms
            ):
                return other
        return None

    def _unknown(self) -> str:
        if self._case.decisions is None:
            return "it matches; what was decided cannot be read at the moment"
        return (
            "it matches; nothing about it is among the last decisions on this user: it was decided long ago, is being "
            "decided just now, or the user was not in the audience then"
        )


def _ending_text(ended: Ending, plan: Plan) -> str:
    by = ended.by
    if ended.fate is Fate.ANSWERED:
        name = plan.unless.event if by is None and plan.unless is not None else by.name if by else ""
        at_ms = ended.at_ms if by is None else by.time_ms
        return f"it was answered in time by {name} of {instant_text(at_ms or 0)}"
    if plan.date is not None and ended.fate is Fate.NO_MATCH:
        return f"it had no date in {plan.date.property}"
    if plan.date is not None and ended.fate is Fate.REPLACED and by is not None:
        return f"a newer {by.name} of {instant_text(by.time_ms)} told the date anew"
    if ended.fate is Fate.REPLACED and by is not None:
        if ended.is_late:
            return f"it came after {by.name} of {instant_text(by.time_ms)}, a later one, whose timer counts"
        return f"its timer was started again by {by.name} of {instant_text(by.time_ms)}"
    if ended.fate is Fate.REPLACED:
        return "a later one had taken its timer over before it came"
    return "the timer of another one was running already"


def triggers_of(events: Sequence[JudgedEvent], plan: Plan) -> list[JudgedEvent]:
    """Those that are the campaign's trigger, the latest first."""
    return [each for each in events if each.name == plan.campaign.when.event]
