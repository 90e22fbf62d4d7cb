"""The operand of each operator: what it must be in a file, and what becomes of it in a `Test`."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from app.domain.files import meant
from app.domain.files.durations import FORM, read_duration
from app.domain.files.problems import Problem
from app.domain.files.section import described, read_instant
from app.domain.model.condition import Operator
from app.domain.rules.comparisons import is_number
from app.domain.rules.versions import is_version_field, version_of

Refuse = Callable[[str, str], Problem]
"""(message, hint) -> the problem, at the operand's path."""

_VERSION_HINT = 'write a version in quotes, as in "3.10.0"'


def read_operand(field: str, operator: Operator, value: Any, zone: str, refuse: Refuse) -> Any | Problem:
    """The operand as `Test` holds it: lists as tuples, dates and durations in milliseconds; or the
    problem.
    """
    if is_version_field(field) and operator in _OF_VERSIONS:
        return _OF_VERSIONS[operator](value, refuse)
    match operator:
        case Operator.BEFORE | Operator.AFTER:
            at_ms = read_instant(value, zone)
            hint = meant.asked(meant.instant(value), "write 2026-11-23 or 2026-11-23T09:00")
            wrong = refuse(f"{described(value)} is no date", hint)
            return wrong if at_ms is None else at_ms
        case _:
            return _READERS[operator](value, refuse)


def _scalar(value: Any, refuse: Refuse) -> Any | Problem:
    if isinstance(value, str | bool | int | float):
        return value
    hint = "write in: [...] for one of several" if isinstance(value, list) else ""
    return refuse(f"must be a text, a number, true or false, not {described(value)}", hint)


def _scalars(value: Any, refuse: Refuse) -> Any | Problem:
    if (
        isinstance(value, list)
        and value
        and all(isinstance(item, str | bool | int | float) for item in value)
    ):
        return tuple(value)
    return refuse("must be a list of texts or numbers, not empty", "as in [FR, BE]")


def _number(value: Any, refuse: Refuse) -> Any | Problem:
    if is_number(value):
        return value
    hint = "dates compare with before and after" if read_instant(value, "UTC") is not None else ""
    return refuse(f"must be a number, not {described(value)}", hint)


def _numbers(value: Any, refuse: Refuse) -> Any | Problem:
    if not isinstance(value, list) or len(value) != _ENDS or not all(is_number(item) for item in value):
        return refuse("must be two numbers", "as in [25, 40]; dates compare with before and after")
    if value[0] > value[1]:
        return refuse("the first number is above the second", f"did you mean [{value[1]}, {value[0]}]?")
    return tuple(value)


def _text(value: Any, refuse: Refuse) -> Any | Problem:
    return value if isinstance(value, str) and value else refuse(f"must be text, not {described(value)}", "")


def _duration(value: Any, refuse: Refuse) -> Any | Problem:
    duration_ms = read_duration(value)
    if duration_ms:
        return duration_ms
    near = None if value in ("0s", 0) else meant.duration(value)
    return refuse(f"{described(value)} is no duration above zero", meant.asked(near, f"write {FORM}"))


def _nothing(value: Any, refuse: Refuse) -> Any | Problem:
    if value is True:
        return None
    return refuse(
        f"takes only true, not {described(value)}", "is_set and is_not_set are each other's opposite"
    )


def _version(value: Any, refuse: Refuse) -> Any | Problem:
    text = str(value) if type(value) is int else value
    if isinstance(text, str) and version_of(text) is not None:
        return text
    return refuse(f"{described(value)} is no version", _VERSION_HINT)


def _versions(value: Any, refuse: Refuse) -> Any | Problem:
    if not isinstance(value, list) or not value:
        return refuse("must be a list of versions, not empty", _VERSION_HINT)
    read = [_version(item, refuse) for item in value]
    return next((item for item in read if isinstance(item, Problem)), tuple(read))


def _version_ends(value: Any, refuse: Refuse) -> Any | Problem:
    read = _versions(value, refuse)
    if isinstance(read, Problem) or len(read) == _ENDS:
        return read
    return refuse("must be two versions", _VERSION_HINT)


_ENDS = 2
_Reader = Callable[[Any, Refuse], Any]
_READERS: MappingProxyType[Operator, _Reader] = MappingProxyType(
    {
        Operator.IS: _scalar,
        Operator.IS_NOT: _scalar,
        Operator.IN: _scalars,
        Operator.NOT_IN: _scalars,
        Operator.GT: _number,
        Operator.GTE: _number,
        Operator.LT: _number,
        Operator.LTE: _number,
        Operator.BETWEEN: _numbers,
        Operator.CONTAINS: _text,
        Operator.STARTS_WITH: _text,
        Operator.ENDS_WITH: _text,
        Operator.INCLUDES: _scalar,
        Operator.IN_LAST: _duration,
        Operator.IS_SET: _nothing,
        Operator.IS_NOT_SET: _nothing,
    }
)
_OF_VERSIONS: MappingProxyType[Operator, _Reader] = MappingProxyType(
    {
        Operator.IS: _version,
        Operator.IS_NOT: _version,
        Operator.IN: _versions,
        Operator.NOT_IN: _versions,
        Operator.GT: _version,
        Operator.GTE: _version,
        Operator.LT: _version,
        Operator.LTE: _version,
        Operator.BETWEEN: _version_ends,
    }
)
