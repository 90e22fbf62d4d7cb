"""Why a message that was expected did not come, in a sentence for a marketer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from app.domain.files.expectations import Expected
from app.domain.model.app_rules import AppRules
from app.domain.model.decision import Decision, Step
from app.domain.model.event import Event
from app.domain.model.reason import EXPLANATIONS
from app.domain.model.user import OnItsWay, Waiting
from app.domain.qualify import meets_who
from app.domain.rules.answers import match_value
from app.domain.rules.plan import Catalog, Plan
from app.domain.rules.schedule import is_within
from app.domain.rules.zones import local
from app.replay.arrivals import Collected
from app.replay.engine import Replay


class Story(NamedTuple):
    """All that is known once a test has been replayed."""

    catalog: Catalog
    rules: AppRules
    events: list[Event]
    collected: Collected
    replay: Replay


def why_not(story: Story, expected: Expected) -> str:
    """The first thing that explains it, from the end of the message's way to its beginning."""
    plans = [p for p in story.catalog.plans.values() if expected.campaign in {None, p.id}]
    users = [expected.user] if expected.user is not None else sorted(story.replay.users)
    for user in users:
        for plan in plans:
            for sentence in _reasons(story, plan, user):
                return sentence if expected.user is not None else f"{user}: {sentence}"
    return "no message was given"


def _reasons(story: Story, plan: Plan, user: str) -> Iterator[str]:
    yield from _ended(story, plan, user)
    yield from _open(story, plan, user)
    events = [event for event in story.events if event.user == user]
    yield from _not_triggered(story, plan, user, events)
    yield from _answered(story, plan, events)
    if not meets_who(plan, story.replay.users.get(user), story.catalog, story.rules, story.replay.clock_ms):
        yield f"{user} is none of those in `who`"
    yield "another message was cleared instead"


def clock(story: Story, time_ms: int) -> str:
    """A time as the test's own zone has it."""
    return clock_text(time_ms, story.rules.zone)


def clock_text(time_ms: int, zone: str) -> str:
    """A time on the wall of a zone, with its distance from UTC, as files may write it."""
    timespec = "milliseconds" if time_ms % 1000 else "seconds"
    return local(time_ms, zone).isoformat(timespec=timespec).replace("+00:00", "Z")


def _ended(story: Story, plan: Plan, user: str) -> Iterator[str]:
    """What the decisions say: dropped, or held still."""
    mine = [d for d in story.collected.decisions if (d.user, d.campaign) == (user, plan.id)]
    ended = {d.message_id for d in mine if d.step in {Step.DROPPED, Step.SENT, Step.INBOX}}
    for decision in mine:
        if decision.step is Step.DROPPED and decision.reason is not None:
            yield f"dropped at {clock(story, decision.at)}: {_explained(decision)}"
        elif decision.step is Step.HELD and decision.message_id not in ended and decision.until is not None:
            until = clock(story, decision.until)
            yield f"held until {until}, and the test ends before that: {_explained(decision)}"


def _explained(decision: Decision) -> str:
    told = "" if decision.reason is None else f"{decision.reason}. {EXPLANATIONS[decision.reason].marketer}"
    detail = decision.detail.get("detail") if isinstance(decision.detail, dict) else None
    return f"{told} {detail}" if detail else told


def _open(story: Story, plan: Plan, user: str) -> Iterator[str]:
    for entry in story.replay.users.get(user).agenda.entries:
        if not isinstance(entry, OnItsWay) and entry.campaign == plan.id and isinstance(entry, Waiting):
            yield f"it waits until {clock(story, entry.due_ms)}, and the test ends before that"


def _not_triggered(story: Story, plan: Plan, user: str, events: list[Event]) -> Iterator[str]:
    name = plan.campaign.when.event
    triggers = [event for event in events if event.name == name]
    if not triggers:
        yield f"no {name} of {user} is given"
        return
    within = [event for event in triggers if is_within(plan.campaign, event.time_ms)]
    if not within:
        yield f"{name} at {clock(story, triggers[-1].time_ms)} is not between `starts` and `ends`"
    elif not any(plan.where is None or plan.where(e.properties, e.time_ms) for e in within):
        yield f"{name} at {clock(story, within[-1].time_ms)} does not fulfil `where`"


def _answered(story: Story, plan: Plan, events: list[Event]) -> Iterator[str]:
    unless = plan.unless
    if unless is None:
        return
    for trigger in (event for event in events if event.name == plan.campaign.when.event):
        for answer in (event for event in events if event.name == unless.event):
            after_ms = answer.time_ms - trigger.time_ms
            match = match_value(unless.match, answer.properties)
            same = match in {None, match_value(unless.match, trigger.properties)}
            if 0 <= after_ms <= unless.within_ms and same:
                yield f"{unless.event} at {clock(story, answer.time_ms)} came in time"
