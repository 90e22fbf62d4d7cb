"""Puts an explanation together: the events, the audience, what is open, the guards, and the sentence over it all."""

from __future__ import annotations

from typing import assert_never

from app.domain import guard
from app.domain.explain import events, guards, limits
from app.domain.explain.model import Case, Explained, Timer
from app.domain.explain.timers import passed_over
from app.domain.explain.verdict import verdict_of
from app.domain.model.campaign import EVERYONE
from app.domain.model.user import Entry, Held, OnItsWay, Waiting
from app.domain.rules.plan import Plan
from app.domain.rules.who_findings import device_to_explain, find_who
from app.domain.rules.wording import condition_text, date_text, instant_text, span


def explain(case: Case) -> Explained:
    """Why this campaign was or was not sent to this user. Raises LookupError where the catalog has no version of it."""
    plan = case.catalog.in_force(case.campaign)
    if plan is None:
        raise LookupError(f"{case.campaign} is not in the catalog")
    subject = guards.subject_now(case, plan)
    device = device_to_explain(plan.who, subject)
    audience = find_who(plan.campaign.who, subject, device)
    judged = events.judge_all(case, plan, audience)
    timers = open_for(case, plan)
    asked = guards.asked_now(case, plan)
    chosen = plan.who.chosen(subject) if plan.who.is_per_device else None
    answers = (*guards.answers(asked, chosen), *limits.answers(asked, case.lease))
    said = verdict_of(case, plan, judged, timers, answers, asked.zone)
    return Explained(
        user=case.user.id,
        campaign=case.campaign,
        name=plan.campaign.name,
        status=str(case.lifecycle.status),
        since_ms=case.lifecycle.since_ms,
        version=plan.version,
        now_ms=case.now_ms,
        zone=asked.zone,
        verdict=said.verdict,
        sentence=said.sentence,
        reason=None if said.reason is None else str(said.reason),
        trigger=trigger_text(plan),
        audience=audience,
        audience_device=None if device is None else device.id,
        events=judged,
        events_gone=case.gone,
        timers=timers,
        guards=answers,
        devices=guards.devices(case.user.profile, chosen),
        zone_source=guard.zone_source_of(plan, case.user, case.rules),
    )


def trigger_text(plan: Plan) -> str:
    """What starts it, in words."""
    when = plan.campaign.when
    where = "" if when.where == EVERYONE else f" with {condition_text(when.where)}"
    told = f"on {when.event}{where}"
    if when.date is not None:
        told = f"{date_text(when.date)} of {when.event}{where}"
        told += "" if when.unless is None else f", unless {when.unless.event} comes"
    elif when.unless is not None:
        told += f", unless {when.unless.event} comes within {span(when.unless.within_ms)}"
    return f"{told}, {span(when.delay_ms)} later" if when.delay_ms else told


def open_for(case: Case, plan: Plan) -> tuple[Timer, ...]:
    """What is not finished of this campaign for this user, the latest first."""
    silent = passed_over(case.user, plan)
    found = [
        _told(entry, case)
        for entry in case.user.agenda.entries
        if entry.campaign == plan.id and not (isinstance(entry, Waiting) and entry.trigger.event_id in silent)
    ]
    return tuple(sorted(found, key=lambda timer: -timer.event_ms))


def _told(entry: Entry, case: Case) -> Timer:
    trigger = entry.trigger
    match entry:
        case Waiting():
            return Timer(
                "waits",
                trigger.name,
                trigger.event_id,
                trigger.time_ms,
                entry.version,
                _waiting_text(entry, case),
                due_ms=entry.due_ms,
            )
        case Held():
            return Timer(
                "held",
                trigger.name,
                trigger.event_id,
                trigger.time_ms,
                entry.version,
                _held_text(entry),
                due_ms=entry.due_ms,
                message_id=entry.message_id,
            )
        case OnItsWay():
            return Timer(
                "on_its_way",
                trigger.name,
                trigger.event_id,
                trigger.time_ms,
                entry.version,
                f"it waits for the answer about {', '.join(entry.waiting_for) or 'its devices'}",
                message_id=entry.message_id,
            )
        case other:
            assert_never(other)


def _held_text(entry: Held) -> str:
    until = instant_text(entry.due_ms)
    if entry.awaits_launch:
        return f"it waits for the app to be launched, until {until} at the latest"
    return f"held until {until}, when every guard is asked again"


def _waiting_text(entry: Waiting, case: Case) -> str:
    armed = case.catalog.plans.get((entry.campaign, entry.version))
    due = instant_text(entry.due_ms)
    if armed is not None and armed.date is not None:
        return f"it waits until {due}, {date_text(armed.date)}"
    if armed is None or armed.unless is None:
        return f"it waits until {due}"
    unless = armed.unless
    same = f" with {unless.match} {entry.match}" if unless.match is not None and entry.match else ""
    return f"it waits until {due} to see whether {unless.event}{same} comes"
