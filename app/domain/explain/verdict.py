"""The one sentence: sent or not, and why; from what is open, what was decided, and what the last events came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from app.domain.explain.events import triggers_of
from app.domain.explain.model import Case, Fate, GuardAnswer, JudgedEvent, Timer, Verdict
from app.domain.model.campaign import Status
from app.domain.model.decision import Decision, Step
from app.domain.model.reason import EXPLANATIONS, Reason
from app.domain.rules.plan import Plan
from app.domain.rules.wording import instant_text

REMEMBERED = 8
STEPS: Mapping[Step, tuple[Verdict, str]] = MappingProxyType(
    {
        Step.QUALIFIED: (Verdict.WAITING, "Not sent yet: it is being decided since {at}."),
        Step.HELD: (Verdict.HELD, "Not sent yet: held{until}{why}."),
        Step.RELEASED: (Verdict.WAITING, "Not sent yet: it is being decided since {at}."),
        Step.DROPPED: (Verdict.NOT_SENT, "Not sent{why} ({at})."),
        Step.SENT: (Verdict.ON_ITS_WAY, "On its way since {at}."),
        Step.ATTEMPTED: (Verdict.ON_ITS_WAY, "On its way since {at}{why}."),
        Step.RETRIED: (Verdict.ON_ITS_WAY, "On its way, tried again at {at}{why}."),
        Step.ACCEPTED: (Verdict.SENT, "Sent: the push service took it at {at}."),
        Step.FAILED: (Verdict.FAILED, "Sent, and not delivered{why} ({at})."),
        Step.INBOX: (Verdict.INBOX, "Put into the App Inbox at {at}{why}."),
        Step.IMPRESSION: (Verdict.SENT, "Sent: the device showed it at {at}."),
        Step.CLICKED: (Verdict.SENT, "Sent: it was clicked at {at}."),
        Step.ANSWERED: (Verdict.SENT, "Sent before its answer came ({at})."),
        Step.CONVERTED: (Verdict.SENT, "Sent: its goal was reached at {at}."),
    }
)
ENDS = (Step.ACCEPTED, Step.FAILED, Step.DROPPED)
AFTERWARDS = frozenset({Step.IMPRESSION, Step.CLICKED, Step.CONVERTED, Step.ANSWERED})
BESIDE: Mapping[str, str] = MappingProxyType({"after": "copy"})
"""The detail of an item in the inbox that stands beside a push: the push has its own steps."""


class Said(NamedTuple):
    """The verdict, its sentence, and the reason where there is one of the closed list."""

    verdict: Verdict
    sentence: str
    reason: Reason | None = None


def verdict_of(
    case: Case,
    plan: Plan,
    events: Sequence[JudgedEvent],
    timers: Sequence[Timer],
    guards: Sequence[GuardAnswer],
    zone: str,
) -> Said:
    """What is open comes first, then what the latest trigger came to, then what was decided before."""
    forward = case.user.forward
    if forward is not None:
        who = f"this id is {forward.user}'s since {instant_text(forward.claimed_ms)}: ask about that one"
        return Said(Verdict.NOT_SENT, f"Not sent to this id: {who}.")
    if timers:
        return _of_open(case, timers, zone)
    triggers = triggers_of(events, plan)
    if triggers and triggers[0].fate is Fate.QUALIFIED:
        about = [d for d in case.decisions or () if d.trigger.get("event_id") == triggers[0].id]
        return of_message(about, zone) if about else Said(Verdict.WAITING, "It is being decided just now.")
    if case.lifecycle.status in {Status.DRAFT, Status.ENDED} and not case.decisions:
        return Said(Verdict.NOT_SENT, f"Not sent: {_status_text(case)}.", Reason.NOT_LIVE)
    if triggers:
        return _of_refused(triggers[0])
    if case.decisions:
        latest = case.decisions[-1].message_id
        return of_message([d for d in case.decisions if d.message_id == latest], zone)
    return _of_no_trigger(case, plan, guards)


def of_message(decisions: Sequence[Decision], zone: str) -> Said:
    """What one message came to, from its decisions, oldest first: the inbox counts, whatever comes after it."""
    steps = [each for each in decisions if not _is_aside(each)] or decisions
    boxed = next((each for each in steps if each.step is Step.INBOX), None)
    if boxed is None:
        settled = (each for end in ENDS for each in steps if each.step is end)
        return _of_step(next(settled, steps[-1]), zone)
    after = ", not as a push"
    if boxed.detail is not None:
        after = " beside the push" if boxed.detail == BESIDE else " after the push failed"
    at = instant_text(boxed.at, zone)
    return Said(Verdict.INBOX, f"Put into the App Inbox at {at}{after}{_because(boxed)}.", boxed.reason)


def _is_aside(decision: Decision) -> bool:
    """Does it say nothing of where the push is?"""
    return decision.step in AFTERWARDS or (decision.step is Step.INBOX and decision.detail == BESIDE)


def _of_step(last: Decision, zone: str) -> Said:
    verdict, sentence = STEPS[last.step]
    until = "" if last.until is None else f" until {instant_text(last.until, zone)}"
    told = sentence.format(at=instant_text(last.at, zone), why=_because(last), until=until)
    return Said(verdict, told, last.reason)


def _because(decision: Decision) -> str:
    """Why, as it was recorded."""
    if decision.reason is None:
        return ""
    detail = decision.detail if isinstance(decision.detail, dict) else {}
    if decision.reason is Reason.CANCELLED and detail.get("who") is False:
        return ": when it was released, the user no longer belonged to the audience"
    named = f" ({detail['detail']})" if isinstance(detail.get("detail"), str) else ""
    return f": {_lower(decision.reason)}{named}"


def _lower(reason: Reason) -> str:
    """The marketer's sentence as a part of another."""
    sentence = EXPLANATIONS[reason].marketer.rstrip(".")
    return f"{sentence[:1].lower()}{sentence[1:]}"


def _of_open(case: Case, timers: Sequence[Timer], zone: str) -> Said:
    on_its_way = next((each for each in timers if each.kind == "on_its_way"), None)
    if on_its_way is not None:
        may_wait = case.rules.throttle is not None and not _is_called(case, on_its_way.message_id)
        reason = Reason.THROTTLED if may_wait else None
        why = f" and not called yet: {_lower(Reason.THROTTLED)}" if may_wait else ""
        return Said(Verdict.ON_ITS_WAY, f"On its way: {on_its_way.sentence}{why}.", reason)
    held = next((each for each in timers if each.kind == "held"), None)
    if held is None:
        return Said(Verdict.WAITING, f"Not sent yet: {timers[0].sentence}.")
    about = [d for d in case.decisions or () if d.message_id == held.message_id and d.step is Step.HELD]
    if about:
        return _of_step(about[-1], zone)
    return Said(Verdict.HELD, f"Not sent yet: {held.sentence}.")


def _is_called(case: Case, message_id: str | None) -> bool:
    """Was the push service called for it, by what was decided?"""
    calls = (d for d in case.decisions or () if d.step is Step.ATTEMPTED)
    return case.decisions is None or any(d.message_id == message_id for d in calls)


def _of_refused(event: JudgedEvent) -> Said:
    """The latest trigger started nothing, or nothing came of it."""
    reasons = {
        Fate.NOT_LIVE: Reason.NOT_LIVE,
        Fate.SURGE: Reason.SURGE,
        Fate.OUTSIDE_SCHEDULE: Reason.OUTSIDE_SCHEDULE,
        Fate.TOO_LATE: Reason.TOO_LATE,
        Fate.ANSWERED: Reason.CANCELLED,
    }
    at = instant_text(event.time_ms)
    if event.fate is Fate.NO_MATCH:
        told = event.sentence.removeprefix("it ")
        return Said(Verdict.NOT_SENT, f"Not sent: the last {event.name} of {at} {told}.")
    if event.fate is Fate.UNKNOWN:
        return Said(
            Verdict.NOT_SENT, f"Not known to be sent: the last {event.name} of {at}: {event.sentence}."
        )
    return Said(
        Verdict.NOT_SENT,
        f"Not sent: the last {event.name} came at {at}, and {event.sentence}.",
        reasons.get(event.fate),
    )


def _of_no_trigger(case: Case, plan: Plan, guards: Sequence[GuardAnswer]) -> Said:
    name = plan.campaign.when.event
    if case.gone or len(case.past) >= REMEMBERED:
        seen = f"none of the user's last {len(case.past) + case.gone} events"
        seen += f" is {name}" if not case.gone else f" that are still kept is {name}"
    else:
        seen = f"the user has had no {name} yet"
    live = next((each for each in guards if each.guard == "live" and each.answer != "clear"), None)
    also = "" if live is None else f", and {_status_text(case)}"
    return Said(Verdict.NOT_SENT, f"Not sent: {seen}{also}.")


def _status_text(case: Case) -> str:
    status, why = case.lifecycle.status, case.lifecycle.reason
    named = f" ({why})" if why else ""
    if status is Status.DRAFT:
        return f"the campaign is a draft, and nothing is sent before it is scheduled{named}"
    if status is Status.ENDED:
        since_ms = case.lifecycle.since_ms
        return f"the campaign ended{'' if since_ms is None else f' at {instant_text(since_ms)}'}{named}"
    return f"the campaign is {status}{named}"
