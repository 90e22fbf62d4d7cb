"""`device`, `push`, `push_last_session` and `reachable` in files: what is asked of devices (C020-C022, C127)."""

from __future__ import annotations

from msgspec.structs import replace

from app.domain.files.problems import child, suggestion
from app.domain.files.section import Section, described
from app.domain.files.where import read_compared
from app.domain.model.condition import EVERYONE, AllOf, Condition, IsReachable, Leaf, OfDevice, PushIs
from app.domain.model.event import PushStatus
from app.domain.rules.who import FIELDS

STATUSES = (PushStatus.ASK, PushStatus.ALLOWED, PushStatus.BLOCKED)
OTHER_NAMES = {"make": "manufacturer", "platform": "os", "type": "os"}


def read_device(section: Section, zone: str) -> Condition:
    """Reads `device`: fields of a device, all of which must hold for one and the same."""
    section.only(frozenset({"device"}))
    device = section.section("device")
    if device is None:
        if not section.given("device"):
            section.refuse("device", "is missing", "as in device: {os: android}")
        return EVERYONE
    if not device.values:
        device.refuse("", "is empty", "as in {os: android}")
    tests: list[Condition] = []
    for name, compared in device.values.items():
        field = OTHER_NAMES.get(name, name)
        if field not in FIELDS:
            device.refuse(name, f"unknown key {name!r}", suggestion(name, FIELDS, OTHER_NAMES))
            continue
        read = read_compared(field, compared, child(device.path, name), zone, device.problems)
        tests += [OfDevice(_lowered(test)) for test in read]
    return tests[0] if len(tests) == 1 else AllOf(tuple(tests))


def read_push(section: Section, _zone: str) -> Condition:
    """Reads `push`: the status of the device."""
    section.only(frozenset({"push"}))
    return PushIs(_read_status(section, "push"))


def read_push_last_session(section: Section, _zone: str) -> Condition:
    """Reads `push_last_session`: the status of the device with which the app was opened last."""
    section.only(frozenset({"push_last_session"}))
    return PushIs(_read_status(section, "push_last_session"), last_session=True)


def read_reachable(section: Section, _zone: str) -> Condition:
    """Reads `reachable`, which is `true` or stands under `none`."""
    section.only(frozenset({"reachable"}))
    value = section.values["reachable"]
    if value is not True:
        section.refuse(
            "reachable", f"takes only true, not {described(value)}", "put it under none for the opposite"
        )
    return IsReachable()


def _read_status(section: Section, key: str) -> PushStatus:
    value = section.values[key]
    if value in STATUSES:
        return PushStatus(value)
    section.refuse(key, f"{described(value)} is no push status", suggestion(value, STATUSES))
    return PushStatus.ASK


def _lowered(test: Leaf) -> Leaf:
    """Names of operating systems compare in lower case (CONTRACT section 1)."""
    if test.field != "os":
        return test
    operand = test.operand
    if isinstance(operand, tuple):
        return replace(test, operand=tuple(_lower(each) for each in operand))
    return replace(test, operand=_lower(operand))


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value
