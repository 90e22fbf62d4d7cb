"""One leaf of a condition: a value compared with an operand (CONTRACT section 2, "Operators")."""

from __future__ import annotations

import operator
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from app.domain.model.condition import Leaf, Operator
from app.domain.rules.dates import milliseconds
from app.domain.rules.versions import is_version_field, version_of

Comparison = Callable[[Any, int], bool]
"""(value, now_ms) -> does it match? A missing value comes as None."""

ORDERS: MappingProxyType[Operator, Callable[[Any, Any], bool]] = MappingProxyType(
    {
        Operator.GT: operator.gt,
        Operator.GTE: operator.ge,
        Operator.LT: operator.lt,
        Operator.LTE: operator.le,
    }
)


def comparison(test: Leaf) -> Comparison:
    """The function of a leaf. Raises ValueError for an operand that does not fit its operator."""
    make = _VERSION_MAKERS if is_version_field(test.field) else _MAKERS
    return (make.get(test.operator) or _MAKERS[test.operator])(test)


def is_number(value: Any) -> bool:
    """True for int and float, not for a boolean."""
    kind = type(value)
    return kind is int or kind is float


def _is(test: Leaf) -> Comparison:
    operand = test.operand
    if type(operand) is str:
        return lambda value, now_ms: bool(value == operand)
    if type(operand) is bool:
        return lambda value, now_ms: value is operand
    number = _number(test, operand)
    return lambda value, now_ms: bool(value == number) and value is not True and value is not False


def _is_not(test: Leaf) -> Comparison:
    kinds, is_equal = _kinds([test.operand]), _is(test)
    return lambda value, now_ms: type(value) in kinds and not is_equal(value, now_ms)


def _in(test: Leaf) -> Comparison:
    kinds, members = _kinds(test.operand), _members(test)
    return lambda value, now_ms: type(value) in kinds and _keyed(value) in members


def _not_in(test: Leaf) -> Comparison:
    kinds, members = _kinds(test.operand), _members(test)
    return lambda value, now_ms: type(value) in kinds and _keyed(value) not in members


def _order(test: Leaf) -> Comparison:
    order, number = ORDERS[test.operator], _number(test, test.operand)

    def holds(value: Any, now_ms: int) -> bool:
        kind = type(value)
        return (kind is int or kind is float) and order(value, number)

    return holds


def _between(test: Leaf) -> Comparison:
    low, high = (_number(test, end) for end in _pair(test))

    def holds(value: Any, now_ms: int) -> bool:
        kind = type(value)
        return (kind is int or kind is float) and low <= value <= high

    return holds


def _contains(test: Leaf) -> Comparison:
    part = _text(test)
    return lambda value, now_ms: type(value) is str and part in value


def _starts_with(test: Leaf) -> Comparison:
    part = _text(test)
    return lambda value, now_ms: type(value) is str and value.startswith(part)


def _ends_with(test: Leaf) -> Comparison:
    part = _text(test)
    return lambda value, now_ms: type(value) is str and value.endswith(part)


def _includes(test: Leaf) -> Comparison:
    is_equal = _is(test)

    def holds(value: Any, now_ms: int) -> bool:
        return type(value) is list and any(is_equal(member, now_ms) for member in value)

    return holds


def _before(test: Leaf) -> Comparison:
    limit_ms = _number(test, test.operand)

    def holds(value: Any, now_ms: int) -> bool:
        at_ms = milliseconds(value)
        return at_ms is not None and at_ms < limit_ms

    return holds


def _after(test: Leaf) -> Comparison:
    limit_ms = _number(test, test.operand)

    def holds(value: Any, now_ms: int) -> bool:
        at_ms = milliseconds(value)
        return at_ms is not None and at_ms > limit_ms

    return holds


def _in_last(test: Leaf) -> Comparison:
    duration_ms = _number(test, test.operand)

    def holds(value: Any, now_ms: int) -> bool:
        at_ms = milliseconds(value)
        return at_ms is not None and now_ms - duration_ms <= at_ms <= now_ms

    return holds


def _is_set(test: Leaf) -> Comparison:
    return lambda value, now_ms: value is not None


def _is_not_set(test: Leaf) -> Comparison:
    return lambda value, now_ms: value is None


def _version_order(test: Leaf) -> Comparison:
    order, limit = ORDERS[test.operator], _version(test, test.operand)
    return _of_version(lambda version: order(version, limit))


def _version_between(test: Leaf) -> Comparison:
    low, high = (_version(test, end) for end in _pair(test))
    return _of_version(lambda version: low <= version <= high)


def _version_is(test: Leaf) -> Comparison:
    wanted = _version(test, test.operand)
    return _of_version(lambda version: bool(version == wanted))


def _version_is_not(test: Leaf) -> Comparison:
    unwanted = _version(test, test.operand)
    return _of_version(lambda version: bool(version != unwanted))


def _version_in(test: Leaf) -> Comparison:
    wanted = frozenset(_version(test, operand) for operand in test.operand)
    return _of_version(lambda version: version in wanted)


def _version_not_in(test: Leaf) -> Comparison:
    unwanted = frozenset(_version(test, operand) for operand in test.operand)
    return _of_version(lambda version: version not in unwanted)


def _of_version(matches: Callable[[Any], bool]) -> Comparison:
    def holds(value: Any, now_ms: int) -> bool:
        if type(value) is not str:
            return False
        version = version_of(value)
        return version is not None and matches(version)

    return holds


def _kinds(operands: Any) -> frozenset[type]:
    """The types a value must have: the operands' own, with int and float taken as one."""
    kinds = {type(operand) for operand in operands}
    return frozenset(kinds | {int, float}) if kinds & {int, float} else frozenset(kinds)


def _keyed(value: Any) -> Any:
    """The value as a member of a set, where True must not meet 1."""
    return (value,) if type(value) is bool else value


def _members(test: Leaf) -> frozenset[Any]:
    return frozenset(_keyed(operand) for operand in test.operand)


def _number(test: Leaf, operand: Any) -> Any:
    if not is_number(operand):
        raise ValueError(f"{test.field} {test.operator}: {operand!r} is no number")
    return operand


def _text(test: Leaf) -> str:
    if type(test.operand) is not str:
        raise ValueError(f"{test.field} {test.operator}: {test.operand!r} is no text")
    return test.operand


def _pair(test: Leaf) -> tuple[Any, Any]:
    low, high = test.operand
    return low, high


def _version(test: Leaf, operand: Any) -> Any:
    version = version_of(operand) if type(operand) is str else None
    if version is None:
        raise ValueError(f"{test.field} {test.operator}: {operand!r} is no version")
    return version


_MAKERS: MappingProxyType[Operator, Callable[[Leaf], Comparison]] = MappingProxyType(
    {
        Operator.IS: _is,
        Operator.IS_NOT: _is_not,
        Operator.IN: _in,
        Operator.NOT_IN: _not_in,
        Operator.GT: _order,
        Operator.GTE: _order,
        Operator.LT: _order,
        Operator.LTE: _order,
        Operator.BETWEEN: _between,
        Operator.CONTAINS: _contains,
        Operator.STARTS_WITH: _starts_with,
        Operator.ENDS_WITH: _ends_with,
        Operator.INCLUDES: _includes,
        Operator.BEFORE: _before,
        Operator.AFTER: _after,
        Operator.IN_LAST: _in_last,
        Operator.IS_SET: _is_set,
        Operator.IS_NOT_SET: _is_not_set,
    }
)

_VERSION_MAKERS: MappingProxyType[Operator, Callable[[Leaf], Comparison]] = MappingProxyType(
    {
        Operator.IS: _version_is,
        Operator.IS_NOT: _version_is_not,
        Operator.IN: _version_in,
        Operator.NOT_IN: _version_not_in,
        Operator.GT: _version_order,
        Operator.GTE: _version_order,
        Operator.LT: _version_order,
        Operator.LTE: _version_order,
        Operator.BETWEEN: _version_between,
    }
)
