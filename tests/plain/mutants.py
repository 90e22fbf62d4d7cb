"""The core with one rule broken: each must differ from the plain pipeline in some world."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import MappingProxyType
from typing import Any

from app.domain import compose, decide, guard, limit, qualify
from app.domain.model.condition import Leaf, Operator
from app.domain.model.reason import Reason
from app.domain.model.user import Waiting
from app.domain.model.verdict import Drop
from app.domain.rules import (
    answers,
    appointments,
    caps,
    comparisons,
    history,
    identify,
    inaction,
    lease,
    places,
    plan,
    quiet,
    recent,
)
from app.domain.rules.control import is_in_control

Patch = tuple[Any, str, Callable[..., Any]]
"""Of which module or class, which name, and from what it was what it becomes."""


def with_maker(operator: Operator, make: Callable[[Leaf], Any], known: Any) -> Any:
    """Another way to compare."""
    return MappingProxyType({**known, operator: make})


def exclusive_between(test: Leaf) -> Any:
    low, high = test.operand
    return lambda value, _now_ms: type(value) in {int, float} and low < value < high


def quiet_with_its_end(real: Any, window: Any, now_ms: int, zone: str) -> int | None:
    found: int | None = real(window, now_ms, zone)
    if found is None and real(window, now_ms - 1, zone) == now_ms:
        return now_ms + 1
    return found


def quiet_without_its_beginning(real: Any, window: Any, now_ms: int, zone: str) -> Any:
    return None if real(window, now_ms - 1, zone) is None else real(window, now_ms, zone)


def answered_before_the_end(real: Any, catalog: Any, event: Any, entry: Any, now_ms: int) -> Any:
    if isinstance(entry, Waiting) and event.time_ms == entry.due_ms:
        return False
    return real(catalog, event, entry, now_ms)


def control_first(real: Any, found: Any, user: Any, *rest: Any, **named: Any) -> Any:
    if is_in_control(found.id, user.id, found.campaign.control):
        return Drop(Reason.CONTROL_GROUP)
    return real(found, user, *rest, **named)


def within_with_its_end(real: Any, campaign: Any, now_ms: int) -> Any:
    return real(campaign, now_ms) or campaign.ends_ms == now_ms


def reached_nobody(real: Any, found: Any, user: Any, *rest: Any) -> Any:
    period = real(found, user, *rest)
    user.activity.reached.clear()
    return period


def one_more(real: Any) -> Any:
    def ask(self: lease.AllHere, campaign: str, period: int, limits: Any) -> None:
        real(self, campaign, period, limits)
        share = lease.share_of(self.of(campaign), period)
        share.available, share.spent = max(1, share.available), None

    return ask


def texts_of_numbers(text: str) -> Any:
    return None if text[:1] not in "0123456789" else (tuple(text.split(".")), True, "")


MUTANTS: dict[str, Patch] = {
    "a cap lets one more out": (caps, "_counted", lambda real: lambda *asked: real(*asked) - 1),
    "a cap counts the days of UTC": (caps, "day_of", lambda real: lambda now_ms, _zone: real(now_ms, "UTC")),
    "a cap forgets what is as old as a late event": (caps, "horizon_ms", lambda _real: lambda _caps: 0),
    "quiet hours hold their end": (quiet, "quiet_until", lambda real: partial(quiet_with_its_end, real)),
    "quiet hours begin a moment later": (
        quiet,
        "quiet_until",
        lambda real: partial(quiet_without_its_beginning, real),
    ),
    "quiet hours pass over changes of the clocks": (quiet, "next_change", lambda _real: lambda *_asked: None),
    "B exactly at T does not cancel": (
        answers,
        "_answers",
        lambda real: partial(answered_before_the_end, real),
    ),
    "B that the log has before A does not count": (
        inaction,
        "was_answered",
        lambda _real: lambda *_asked: False,
    ),
    "B without the property cancels nothing": (
        answers,
        "is_for",
        lambda _real: lambda answer, match: answer == "=" + match,
    ),
    "keep_first keeps each": (inaction, "_is_covered", lambda _real: lambda *_asked: False),
    "restart keeps each": (inaction, "_restart", lambda _real: lambda *_asked: False),
    "a missing value is not": (comparisons, "_kinds", lambda real: lambda each: real(each) | {type(None)}),
    "between leaves its ends out": (
        comparisons,
        "_MAKERS",
        lambda known: with_maker(Operator.BETWEEN, exclusive_between, known),
    ),
    "versions compare as text": (comparisons, "version_of", lambda _real: texts_of_numbers),
    "the window of a count leaves its beginning out": (
        history,
        "within",
        lambda real: lambda counter, from_ms, to_ms: real(counter, from_ms + 1, to_ms),
    ),
    "nowhere is near": (places, "is_near", lambda _real: lambda *_asked: False),
    "the cut-off does not end what is held": (
        guard,
        "cut_off_of",
        lambda _real: lambda *_asked: None,
    ),
    "a daily cut-off is in UTC": (
        guard,
        "cut_off_at",
        lambda real: lambda what, ready, _zone: real(what, ready, "UTC"),
    ),
    "repeats are not ignored": (recent, "is_new", lambda _real: lambda *_asked: True),
    "what is as late as allowed is too late": (
        decide,
        "_is_late",
        lambda _real: lambda event, context: event.time_ms <= decide._horizon_ms(event, context),
    ),
    "the control group skips the guards": (guard, "judge", lambda real: partial(control_first, real)),
    "what is held is not asked again": (decide, "_stopped", lambda _real: lambda *_asked: None),
    "a pause stops no message": (plan.Catalog, "is_live", lambda _real: lambda *_asked: True),
    "the schedule holds its end": (guard, "is_within", lambda real: partial(within_with_its_end, real)),
    "a campaign triggers at its end": (qualify, "is_within", lambda real: partial(within_with_its_end, real)),
    "the push goes to every device": (qualify, "chosen", lambda _real: lambda *_asked: None),
    "an old word moves the date": (appointments, "_is_outdated", lambda _real: lambda *_asked: False),
    "a token that moves leaves nobody behind": (identify, "suspend", lambda _real: lambda *_asked: None),
    "whom it has reached is forgotten": (limit, "reach", lambda real: partial(reached_nobody, real)),
    "a limit always has one more": (lease.AllHere, "ask", one_more),
    "a limited campaign counts the days of UTC": (
        limit,
        "day_of",
        lambda real: lambda now_ms, _zone: real(now_ms, "UTC"),
    ),
    "the text is written without what is missing": (
        compose,
        "compile_template",
        lambda real: lambda text, _missing: real(text, "default"),
    ),
}
