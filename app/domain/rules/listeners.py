"""Whom an event may concern: what listens to it, found by what it asks of the event's properties.

What asks for one value of a property (`category: is shoes`) is found by that value, and what asks for a number above
a bound (`price: {gte: 10}`) by the place of the event's number among all such bounds, so that the others cost nothing.
What is found is still asked for the whole of its condition.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, Generic, NamedTuple, TypeVar

from app.domain.model.campaign import AllOf, Condition, Leaf, Operator
from app.domain.rules.conditions import look_up
from app.domain.rules.versions import is_version_field

T = TypeVar("T")

REMEMBERED = 10_000
_INDEXED = frozenset({str, int, float, bool})
_NUMBERS = frozenset({int, float})
_BOUNDS = frozenset({Operator.GT, Operator.GTE})
Number = int | float
_place = attrgetter("place")
_reach: Callable[[list[Number], Any], int] = bisect_right


class _Listener(NamedTuple, Generic[T]):
    """`value` and `bound`: leaves of which each must hold for the whole to hold; None where there is none."""

    place: int
    listens: T
    value: Leaf | None
    bound: Leaf | None


class Listeners(Generic[T]):
    """All that listens to one event, in the order of their places."""

    __slots__ = ("_all", "_bounds", "_found", "_values")

    def __init__(self) -> None:
        self._all: list[_Listener[T]] = []
        self._values: dict[str, set[Any]] = {}
        self._bounds: dict[str, list[Number]] = {}
        self._found: dict[tuple[Any, ...], list[T]] = {}

    def add(self, place: int, listens: T, where: Condition) -> None:
        """One more. `place`: where it stands among the others."""
        self._found.clear()
        value = next((leaf for leaf in _musts(where) if _asks_for_one_value(leaf)), None)
        bound = next((leaf for leaf in _musts(where) if _asks_for_a_number_above(leaf)), None)
        self._all.append(_Listener(place, listens, value, bound))
        if value is not None:
            self._values.setdefault(value.field, set()).add(value.operand)
        if bound is not None:
            known = self._bounds.setdefault(bound.field, [])
            self._bounds[bound.field] = sorted({*known, bound.operand})

    def candidates(self, properties: dict[str, Any]) -> list[T]:
        """Whatever may be concerned. What one combination of values and places finds is remembered."""
        key: tuple[Any, ...] = ()
        for field, known in self._values.items():
            value = properties.get(field)
            if value is None and "." in field:
                value = look_up(properties, field)
            key += (value if value.__class__ in _INDEXED and value in known else None,)
        for field, bounds in self._bounds.items():
            value = properties.get(field)
            if value is None and "." in field:
                value = look_up(properties, field)
            key += (_reach(bounds, value) if value.__class__ in _NUMBERS else 0,)
        found = self._found.get(key)
        if found is None:
            found = self._ask(key)
            if len(self._found) < REMEMBERED:
                self._found[key] = found
        return found

    def _ask(self, key: tuple[Any, ...]) -> list[T]:
        values = dict(zip(self._values, key, strict=False))
        places = dict(zip(self._bounds, key[len(values) :], strict=True))
        return [
            each.listens
            for each in sorted(self._all, key=_place)
            if (each.value is None or _is_same(values[each.value.field], each.value.operand))
            and (each.bound is None or self._is_reached(each.bound, places))
        ]

    def _is_reached(self, bound: Leaf, places: dict[str, int]) -> bool:
        """Is the bound among those that the event's number is not below?"""
        return _reach(self._bounds[bound.field], bound.operand) <= places[bound.field]


def _is_same(value: Any, operand: Any) -> bool:
    return value is not None and bool(value == operand)


def _musts(where: Condition) -> Iterator[Leaf]:
    """Leaves of which each must hold for the whole to hold."""
    if isinstance(where, Leaf):
        yield where
    elif isinstance(where, AllOf):
        for part in where.of:
            yield from _musts(part)


def _asks_for_one_value(leaf: Leaf) -> bool:
    is_plain = leaf.operator is Operator.IS and not is_version_field(leaf.field)
    return is_plain and type(leaf.operand) in _INDEXED


def _asks_for_a_number_above(leaf: Leaf) -> bool:
    is_plain = leaf.operator in _BOUNDS and not is_version_field(leaf.field)
    return is_plain and type(leaf.operand) in _NUMBERS
