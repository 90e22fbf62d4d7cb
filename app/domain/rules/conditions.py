"""Conditions made into functions, once for each campaign; the functions run for every event (C015-C016, SPEC
9).

A missing value (absent or null) makes a leaf false, so `none` around it holds; only `is_not_set` matches it.
A value of another type never matches, and a boolean is no number. `is_not` and `not_in` too need a value of
the operand's type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.domain.model.condition import AllOf, AnyOf, Condition, Leaf, NoneOf, Operator
from app.domain.rules.comparisons import Comparison, comparison
from app.domain.rules.versions import is_version_field

Holds = Callable[[Mapping[str, Any], int], bool]
"""(values, now_ms) -> does it hold? `values` are an event's properties or a user's traits."""


def compile_condition(condition: Condition) -> Holds:
    """The function that says whether a condition of leaves and groups holds (`who.py` compiles the others).

    Raises ValueError for an operand, or a condition, that reading refuses.
    """
    match condition:
        case Leaf():
            return _compile_test(condition)
        case AllOf(of):
            return _all_of([compile_condition(part) for part in of])
        case AnyOf(of):
            return _any_of([compile_condition(part) for part in of])
        case NoneOf(of):
            return _none_of(_any_of([compile_condition(part) for part in of]))
        case other:
            raise ValueError(f"{type(other).__name__} is no condition on values")


def look_up(values: Mapping[str, Any], field: str) -> Any:
    """The value of a field: of that very name, else along its dots through nested maps; None where there is
    none.
    """
    value = values.get(field)
    if value is not None or "." not in field:
        return value
    found: Any = values
    for name in field.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found


def _compile_test(test: Leaf) -> Holds:
    field = test.field
    compare: Comparison = comparison(test)
    operand = test.operand
    is_text = test.operator is Operator.IS and type(operand) is str and not is_version_field(field)
    if is_text and "." not in field:
        return lambda values, now_ms: values.get(field) == operand
    if "." in field:
        return lambda values, now_ms: compare(look_up(values, field), now_ms)
    return lambda values, now_ms: compare(values.get(field), now_ms)


def _all_of(parts: list[Holds]) -> Holds:
    match parts:
        case []:
            return lambda values, now_ms: True
        case [only]:
            return only
        case [first, second]:
            return lambda values, now_ms: first(values, now_ms) and second(values, now_ms)
        case [first, second, third]:
            return lambda values, now_ms: (
                first(values, now_ms) and second(values, now_ms) and third(values, now_ms)
            )
    return lambda values, now_ms: all(part(values, now_ms) for part in parts)


def _any_of(parts: list[Holds]) -> Holds:
    match parts:
        case []:
            return lambda values, now_ms: False
        case [only]:
            return only
        case [first, second]:
            return lambda values, now_ms: first(values, now_ms) or second(values, now_ms)
    return lambda values, now_ms: any(part(values, now_ms) for part in parts)


def _none_of(any_of: Holds) -> Holds:
    return lambda values, now_ms: not any_of(values, now_ms)
