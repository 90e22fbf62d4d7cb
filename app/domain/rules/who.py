"""WHO made into functions: does it hold for a user, and for which of their devices (SPEC section 9, Conditions)?

A condition is asked of a user and one device. It holds for the user where it holds for one of their devices, and the
push goes to the devices for which it holds. A user without devices is asked without one: whatever is said of a device
is then missing. A condition that says nothing of devices is asked once, and chooses all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct

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
from app.domain.model.event import PushStatus
from app.domain.model.push import Target
from app.domain.model.user import Device, User
from app.domain.rules import counting, history, places, traits
from app.domain.rules.comparisons import comparison
from app.domain.rules.conditions import Holds, compile_condition
from app.domain.rules.session import is_of_last_session
from app.domain.rules.surface import judge

FIELDS: Mapping[str, Callable[[Device], Any]] = MappingProxyType({
    "os": lambda device: device.platform or None,
    "os_version": lambda device: device.os_version,
    "app_version": lambda device: device.app_version,
    "sdk_version": lambda device: device.sdk_version,
    "manufacturer": lambda device: device.manufacturer,
    "model": lambda device: device.model,
})  # fmt: skip
"""What can be asked of a device."""


class Subject(Struct, gc=False):
    """Who is asked, when, and under what: the saved segments and the counted kinds of that moment.

    `zone`: of users who have none.
    """

    user: User
    now_ms: int
    zone: str
    segments: Mapping[str, Who]
    counted: Mapping[str, counting.CountKind]


Asks = Callable[[Subject, Device | None], bool]


class Who:
    """A condition, ready to be asked.

    `of_traits`: all of it where it asks for nothing but plain traits, so that asking costs no more than those.
    """

    __slots__ = ("_asks", "dids", "is_per_device", "of_traits")

    def __init__(self, condition: Condition) -> None:
        self.of_traits: Holds | None = compile_condition(condition) if _is_plain(condition) else None
        self.is_per_device = _is_per_device(condition)
        self.dids = tuple(counting.dids(condition))
        self._asks = _compile(condition)

    def holds(self, subject: Subject, device: Device | None) -> bool:
        """Does it hold for this user with this device?"""
        return self._asks(subject, device)

    def meets(self, subject: Subject) -> bool:
        """Does it hold for this user?"""
        devices = subject.user.profile.devices
        if not self.is_per_device or not devices:
            return self._asks(subject, None)
        return any(self._asks(subject, device) for device in devices.values())

    def chosen(self, subject: Subject) -> list[Device]:
        """The devices for which it holds, in the order in which the user came to have them."""
        devices = subject.user.profile.devices.values()
        if not self.is_per_device:
            return list(devices) if self._asks(subject, None) else []
        return [device for device in devices if self._asks(subject, device)]


def _is_plain(condition: Condition) -> bool:
    match condition:
        case Leaf():
            return condition.field not in traits.VALUES
        case AllOf(of) | AnyOf(of) | NoneOf(of):
            return all(map(_is_plain, of))
        case _:
            return False


def _is_per_device(condition: Condition) -> bool:
    """A saved segment may say something of devices, now or in its next version."""
    match condition:
        case AllOf(of) | AnyOf(of) | NoneOf(of):
            return any(map(_is_per_device, of))
        case _:
            return isinstance(condition, OfDevice | PushIs | IsReachable | InSegment)


def _compile(condition: Condition) -> Asks:
    if _is_plain(condition):
        holds = compile_condition(condition)
        return lambda subject, _device: holds(subject.user.profile.traits, subject.now_ms)
    match condition:
        case AllOf(of):
            parts = [_compile(part) for part in of]
            return lambda subject, device: all(part(subject, device) for part in parts)
        case AnyOf(of):
            parts = [_compile(part) for part in of]
            return lambda subject, device: any(part(subject, device) for part in parts)
        case NoneOf(of):
            parts = [_compile(part) for part in of]
            return lambda subject, device: not any(part(subject, device) for part in parts)
        case Leaf():
            return _compile_trait(condition)
        case Did():
            return _compile_did(condition)
        case _:
            return _compile_device(condition)


def _compile_trait(test: Leaf) -> Asks:
    value_of, compare = traits.VALUES[test.field], comparison(traits.spelled(test))

    def holds(subject: Subject, _device: Device | None) -> bool:
        now_ms = subject.now_ms
        return compare(value_of(subject.user, now_ms, subject.zone), now_ms)

    return holds


def _compile_did(did: Did) -> Asks:
    key, least, most, within_ms = counting.key_of(did), did.least, did.most, did.within_ms
    times = [(True, comparison(test)) for test in did.first] + [
        (False, comparison(test)) for test in did.last
    ]

    def holds(subject: Subject, _device: Device | None) -> bool:
        kind, now_ms = subject.counted.get(key), subject.now_ms
        counter = None if kind is None else counting.counter_of(subject.user.history, kind)
        if counter is None or counter.total == 0:
            return least == 0 and not times
        number = counter.total if within_ms is None else history.within(counter, now_ms - within_ms, now_ms)
        if number < least or (most is not None and number > most):
            return False
        return all(
            compare((counter.first_ms if is_first else counter.last_ms) / 1000, now_ms)
            for is_first, compare in times
        )

    return holds


def _compile_device(condition: Near | OfDevice | PushIs | IsReachable | InSegment) -> Asks:
    match condition:
        case Near(km, points):
            return lambda subject, _device: places.is_near(subject.user.activity.whereabouts, km, points)
        case OfDevice(test):
            return _compile_device_test(test)
        case PushIs(status, last_session):
            if last_session:
                return lambda subject, device: (
                    device is not None
                    and _has_status(device, status)
                    and is_of_last_session(subject.user, device)
                )
            return lambda _subject, device: device is not None and _has_status(device, status)
        case IsReachable():
            return lambda _subject, device: device is not None and isinstance(judge(device), Target)
        case InSegment(name):
            return lambda subject, device: (
                name in subject.segments and subject.segments[name].holds(subject, device)
            )


def _has_status(device: Device, status: PushStatus) -> bool:
    """One whose token is another user's now has none of these: it is suspended (C118-C120)."""
    return device.push is status and not device.suspended


def _compile_device_test(test: Leaf) -> Asks:
    value_of, compare = FIELDS[test.field], comparison(test)
    return lambda subject, device: compare(None if device is None else value_of(device), subject.now_ms)
