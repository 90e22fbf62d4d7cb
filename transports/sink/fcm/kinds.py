"""The kinds of value in a protobuf message that is written as JSON, each a check. Plain code: it is hot.

A check is called with the value (never null: that is a field left out), its path, and the list that takes
what is wrong. https://protobuf.dev/programming-guides/json/
"""

from __future__ import annotations

import re
from collections.abc import Callable

from transports.sink.fcm.errors import Violation

Kind = Callable[[object, str, list[Violation]], None]

_DURATION = re.compile(r"-?\d{1,12}(\.\d{1,9})?s", re.ASCII)
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_INTEGER = re.compile(r"-?\d{1,10}", re.ASCII)
_INT32 = range(-(2**31), 2**31)


def _wrong(path: str, kind: str, problems: list[Violation]) -> None:
    problems.append(Violation(path, f"Invalid value at '{path}' ({kind})"))


def text(value: object, path: str, problems: list[Violation]) -> None:
    """A string."""
    if type(value) is not str:
        _wrong(path, "TYPE_STRING", problems)


def truth(value: object, path: str, problems: list[Violation]) -> None:
    """A boolean."""
    if type(value) is not bool:
        _wrong(path, "TYPE_BOOL", problems)


def number(value: object, path: str, problems: list[Violation]) -> None:
    """A float."""
    if type(value) is not float and type(value) is not int:
        _wrong(path, "TYPE_FLOAT", problems)


def int32(value: object, path: str, problems: list[Violation]) -> None:
    """A 32-bit integer; protobuf also takes it as a string."""
    if type(value) is str and _INTEGER.fullmatch(value):
        value = int(value)
    if type(value) is not int or value not in _INT32:
        _wrong(path, "TYPE_INT32", problems)


def duration(value: object, path: str, problems: list[Violation]) -> None:
    """A google.protobuf.Duration: seconds in a string that ends with s."""
    if type(value) is not str or not _DURATION.fullmatch(value):
        _wrong(path, "type.googleapis.com/google.protobuf.Duration", problems)


def date_time(value: object, path: str, problems: list[Violation]) -> None:
    """A google.protobuf.Timestamp: RFC 3339."""
    if type(value) is not str or not _DATE_TIME.fullmatch(value):
        _wrong(path, "type.googleapis.com/google.protobuf.Timestamp", problems)


def struct(value: object, path: str, problems: list[Violation]) -> None:
    """A google.protobuf.Struct: any JSON object."""
    if type(value) is not dict:
        _wrong(path, "type.googleapis.com/google.protobuf.Struct", problems)


def one_of(kind: str, *names: str) -> Kind:
    """One of an enum's names. FCM takes them in lower case too: Google's own SDK writes `high`."""
    known = {*names, *(name.lower() for name in names)}

    def check(value: object, path: str, problems: list[Violation]) -> None:
        if type(value) is not str or value not in known:
            _wrong(path, f"type.googleapis.com/google.firebase.fcm.v1.{kind}", problems)

    return check


def many(kind: Kind) -> Kind:
    """A list."""

    def check(value: object, path: str, problems: list[Violation]) -> None:
        if type(value) is not list:
            return _wrong(path, "TYPE_LIST", problems)
        for position, item in enumerate(value):
            kind(item, f"{path}[{position}]", problems)
        return None

    return check


def text_map(value: object, path: str, problems: list[Violation]) -> None:
    """A map of strings."""
    if type(value) is not dict:
        return _wrong(path, "TYPE_MAP", problems)
    for position, item in enumerate(value.values()):
        if type(item) is not str:
            _wrong(f"{path}[{position}].value", "TYPE_STRING", problems)
    return None


def message(**fields: Kind) -> Kind:
    """A message, its fields named in snake_case or camelCase; any other name is refused."""
    known = {spelling: kind for name, kind in fields.items() for spelling in (name, camel_case(name))}

    def check(value: object, path: str, problems: list[Violation]) -> None:
        if type(value) is not dict:
            return _wrong(path, "TYPE_MESSAGE", problems)
        for name, item in value.items():
            kind = known.get(name)
            if kind is None:
                said = (
                    f"Invalid JSON payload received. Unknown name \"{name}\" at '{path}': Cannot find field."
                )
                problems.append(Violation(path, said))
            elif item is not None:
                kind(item, f"{path}.{name}" if path else name, problems)
        return None

    return check


def camel_case(name: str) -> str:
    """Spell `channel_id` as `channelId`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
