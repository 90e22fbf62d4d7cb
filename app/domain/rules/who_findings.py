"""WHO judged for explaining: every condition of it for a user and one device, with the value that was found.

Whether a part holds is asked of the very function that decides (`who.py`); here is only what it found.
"""

from __future__ import annotations

from typing import Any, assert_never

from app.domain.model.condition import (
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
    PushIs,
)
from app.domain.model.push import Target
from app.domain.model.user import Device
from app.domain.rules import counting, history, places, traits
from app.domain.rules.conditions import look_up
from app.domain.rules.findings import Finding, grouped, leaf
from app.domain.rules.session import is_of_last_session
from app.domain.rules.surface import judge
from app.domain.rules.who import FIELDS, Subject, Who
from app.domain.rules.wording import condition_text


def find_who(condition: Condition, subject: Subject, device: Device | None) -> Finding:
    """The whole tree for this user with this device; None: a user without devices."""

    def of_leaf(part: Condition) -> Finding:
        field, found = _found(part, subject, device)
        return leaf(field, condition_text(part), Who(part).holds(subject, device), found)

    return grouped(condition, of_leaf)


def device_to_explain(who: Who, subject: Subject) -> Device | None:
    """The first one for which WHO holds, else the first one."""
    if not who.is_per_device:
        return None
    return next(iter([*who.chosen(subject), *subject.user.profile.devices.values()]), None)


def _found(condition: Condition, subject: Subject, device: Device | None) -> tuple[str, Any]:
    """What it is about, and the value; None: it is missing."""
    match condition:
        case Leaf():
            return condition.field, _trait(condition, subject)
        case Did():
            return f"times of {condition.event}", _number(condition, subject)
        case Near():
            return "kilometres to the nearest point", _distance(condition, subject)
        case InSegment(name):
            return f"the segment {name}", "known" if name in subject.segments else None
        case AllOf() | AnyOf() | NoneOf():
            raise ValueError(f"{type(condition).__name__} is a group")
        case of_device:
            return _found_of_device(of_device, subject, device)


def _found_of_device(
    condition: OfDevice | PushIs | IsReachable, subject: Subject, device: Device | None
) -> tuple[str, Any]:
    match condition:
        case OfDevice(test):
            return f"the device's {test.field}", None if device is None else FIELDS[test.field](device)
        case PushIs():
            return "push", _status(condition, subject, device)
        case IsReachable():
            return "push", None if device is None else _reach(device)
        case other:
            assert_never(other)


def _trait(test: Leaf, subject: Subject) -> Any:
    known = traits.VALUES.get(test.field)
    if known is not None:
        return known(subject.user, subject.now_ms, subject.zone)
    return look_up(subject.user.profile.traits, test.field)


def _number(did: Did, subject: Subject) -> int:
    """How often, within the time that is asked about."""
    kind = subject.counted.get(counting.key_of(did))
    counter = None if kind is None else counting.counter_of(subject.user.history, kind)
    if counter is None:
        return 0
    if did.within_ms is None:
        return counter.total
    return history.within(counter, subject.now_ms - did.within_ms, subject.now_ms)


def _distance(near: Near, subject: Subject) -> float | None:
    known = subject.user.activity.whereabouts
    if known is None or known.position is None:
        return None
    here = (known.position.latitude, known.position.longitude)
    return round(min(places.distance_km(here, point) for point in near.points), 1)


def _status(push: PushIs, subject: Subject, device: Device | None) -> str | None:
    if device is None:
        return None
    if push.last_session and not is_of_last_session(subject.user, device):
        return "of another session"
    return "suspended" if device.suspended else str(device.push)


def _reach(device: Device) -> str:
    judged = judge(device)
    return "can reach it" if isinstance(judged, Target) else str(judged)
