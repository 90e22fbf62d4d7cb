"""Conditions, durations and times in words, for explanations and for what a change would change."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, assert_never

from app.domain.model.campaign import CutOff, DateTrigger
from app.domain.model.condition import (
    EVERYONE,
    AllOf,
    AnyOf,
    Condition,
    Did,
    InSegment,
    IsReachable,
    Leaf,
    Near,
    NoneOf,
    OfDevice,
    Operator,
    PushIs,
)
from app.domain.rules.zones import local

LONGEST_VALUE = 80
NOTHING_ASKED = "anybody"
_MINUTES = 60


def span(milliseconds: int) -> str:
    """A duration as campaign files spell it: the largest unit that it is a whole number of."""
    for unit, length_ms in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if milliseconds and milliseconds % length_ms == 0:
            return f"{milliseconds // length_ms}{unit}"
    return f"{milliseconds} ms" if milliseconds else "0s"


def time_of_day(minute: int) -> str:
    """Minutes after midnight as on the wall: 21:00."""
    hour, rest = divmod(minute, _MINUTES)
    return f"{hour:02d}:{rest:02d}"


def share_text(control: int) -> str:
    """A control group as campaign files spell it: `2.5%` of 250 users in 10,000."""
    return f"{control / 100:g}%"


def date_text(date: DateTrigger) -> str:
    """When a trigger on a date is due: `1d before the date in departs_at`."""
    if not date.offset_ms:
        return f"at the date in {date.property}"
    side = "before" if date.offset_ms < 0 else "after"
    return f"{span(abs(date.offset_ms))} {side} the date in {date.property}"


def cut_off_text(cut_off: CutOff) -> str:
    """A cut-off: an instant, a time after the message was due, or a time of day."""
    if cut_off.at_ms is not None:
        return instant_text(cut_off.at_ms)
    return span(cut_off.after_ms) if cut_off.after_ms is not None else time_of_day(cut_off.minute or 0)


def instant_text(time_ms: int, zone: str = "UTC") -> str:
    """A time on the wall clock of a zone, to the second where it has seconds."""
    try:
        at = local(time_ms, zone)
    except OverflowError:
        return f"{time_ms} ms"
    return f"{at:%Y-%m-%d %H:%M}{f':{at:%S}' if at.second else ''} {zone}"


def value_text(value: Any) -> str:
    """A value as a person would write it: text as it is, anything else as JSON, long ones cut."""
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def comparison_text(test: Leaf) -> str:
    """What a leaf asks of its field: `is US`, `≥ 10`."""
    return _COMPARISONS[test.operator](test.operand)


def leaf_text(test: Leaf) -> str:
    """A leaf in words: `price ≥ 10`."""
    return f"{test.field} {comparison_text(test)}"


def condition_text(condition: Condition) -> str:
    """A condition in one line: `country is US and (age between 25 and 40 or not (plan is free))`."""
    match condition:
        case AllOf(of):
            return _joined(of, " and ") or NOTHING_ASKED
        case AnyOf(of):
            return _joined(of, " or ") or "nobody"
        case NoneOf(of):
            return f"none of ({'; '.join(condition_text(part) for part in of)})"
        case leaf:
            return asked_text(leaf)


def asked_text(condition: Leaf | Did | Near | OfDevice | PushIs | IsReachable | InSegment) -> str:
    """What one condition that is no group asks for."""
    match condition:
        case Leaf():
            return leaf_text(condition)
        case Did():
            return _did_text(condition)
        case Near(km, points, cities):
            unnamed = [f"{north}, {east}" for north, east in points[: len(points) - len(cities)]]
            return f"within {value_text(km)} km of {' or '.join([*unnamed, *cities])}"
        case InSegment(name):
            return f"in the segment {name}"
        case of_device:
            return _of_device_text(of_device)


def _of_device_text(condition: OfDevice | PushIs | IsReachable) -> str:
    match condition:
        case OfDevice(test):
            return f"the device's {leaf_text(test)}"
        case PushIs(status, last_session):
            return f"push {status}{' in the last session' if last_session else ''}"
        case IsReachable():
            return "a push can reach the device"
        case other:
            assert_never(other)


def _did_text(did: Did) -> str:
    where = "" if did.where == EVERYONE else f" with {condition_text(did.where)}"
    within = "" if did.within_ms is None else f" in the last {span(did.within_ms)}"
    times = [f"the {each.field} time {comparison_text(each)}" for each in (*did.first, *did.last)]
    return ", ".join([f"did {did.event}{where} {_often(did.least, did.most)}{within}", *times])


def _often(least: int, most: int | None) -> str:
    if most is None:
        return f"at least {_times(least)}"
    if least == most:
        return f"exactly {_times(least)}" if most else "never"
    return f"at most {_times(most)}" if least == 0 else f"from {least} to {_times(most)}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _joined(of: Sequence[Condition], word: str) -> str:
    if len(of) == 1:
        return condition_text(of[0])
    return word.join(
        f"({condition_text(part)})" if isinstance(part, AllOf | AnyOf) else condition_text(part)
        for part in of
    )


def _listed(operand: Any) -> str:
    return ", ".join(value_text(each) for each in operand)


def _after(word: str) -> Callable[[Any], str]:
    return lambda operand: f"{word} {value_text(operand)}"


_COMPARISONS: Mapping[Operator, Callable[[Any], str]] = MappingProxyType(
    {
        Operator.IS: _after("is"),
        Operator.IS_NOT: _after("is not"),
        Operator.IN: lambda operand: f"is one of {_listed(operand)}",
        Operator.NOT_IN: lambda operand: f"is none of {_listed(operand)}",
        Operator.GT: _after(">"),
        Operator.GTE: _after("≥"),
        Operator.LT: _after("<"),
        Operator.LTE: _after("≤"),
        Operator.BETWEEN: lambda operand: f"between {value_text(operand[0])} and {value_text(operand[1])}",
        Operator.CONTAINS: _after("contains"),
        Operator.STARTS_WITH: _after("starts with"),
        Operator.ENDS_WITH: _after("ends with"),
        Operator.INCLUDES: _after("includes"),
        Operator.BEFORE: lambda operand: f"before {instant_text(operand)}",
        Operator.AFTER: lambda operand: f"after {instant_text(operand)}",
        Operator.IN_LAST: lambda operand: f"in the last {span(operand)}",
        Operator.IS_SET: lambda _operand: "is known",
        Operator.IS_NOT_SET: lambda _operand: "is not known",
    }
)
