"""Whom an event may concern: what listens to it, found by what it asks of the event's properties.

What asks for one value of a property (`category: is shoes`) is found by that value, and what asks for a number above
a bound (`price: {gte: 10}`) by the place of the event's number among all such bounds, so that the others cost nothing.
Where all that listens asks for the same field, an event that has nothing of that ends there. What is found is still
asked for the whole of its condition.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, Generic, NamedTuple, TypeVar

from app.domain.model.campaign import AllOf, Condition, Leaf, Operator
from app.domain.rules.conditions import look_up
from app.domain.rules.versions import is_version_field

T = TypeVar("T")
K = TypeVar("K")

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


class _Asked(NamedTuple, Generic[K]):
    """Bounds or values that are asked of one field. `by_all`: each listener asks for one of them."""

    field: str
    is_nested: bool
    known: K
    by_all: bool


class Listeners(Generic[T]):
    """All that listens to one event, in the order of their places.

    `_asking`: how many of them ask for a bound (True) or a value (False) of a field.
    """

    __slots__ = ("_all", "_asked_bounds", "_asked_values", "_asking", "_bounds", "_found", "_values")

    def __init__(self) -> None:
        self._all: list[_Listener[T]] = []
        self._values: dict[str, set[Any]] = {}
        self._bounds: dict[str, list[Number]] = {}
        self._found: dict[tuple[Any, ...], list[T]] = {}
        self._asking: Counter[tuple[bool, str]] = Counter()
        self._asked_bounds: list[_Asked[list[Number]]] = []
        self._asked_values: list[_Asked[set[Any]]] = []

    def add(self, place: int, listens: T, where: Condition) -> None:
        """One more. `place`: where it stands among the others."""
        self._found.clear()
        value = next((leaf for leaf in _musts(where) if _asks_for_one_value(leaf)), None)
        bound = next((leaf for leaf in _musts(where) if _asks_for_a_number_above(leaf)), None)
        self._all.append(_Listener(place, listens, value, bound))
        if value is not None:
            self._values.setdefault(value.field, set()).add(value.operand)
            self._asking[False, value.field] += 1
        if bound is not None:
            known = self._bounds.setdefault(bound.field, [])
            self._bounds[bound.field] = sorted({*known, bound.operand})
            self._asking[True, bound.field] += 1
        self._asked_bounds = [self._asked(True, *each) for each in self._bounds.items()]
        self._asked_values = [self._asked(False, *each) for each in self._values.items()]

    def _asked(self, is_bound: bool, field: str, known: K) -> _Asked[K]:
        return _Asked(field, "." in field, known, self._asking[is_bound, field] == len(self._all))

    def candidates(self, properties: dict[str, Any]) -> list[T]:
        """Whatever may be concerned. What one combination of places and values finds is remembered."""
        key = self._places_in(properties)
        if key is None:
            return []
        for field, is_nested, known, by_all in self._asked_values:
            value = properties.get(field)
            if value is None and is_nested:
                value = look_up(properties, field)
            if value.__class__ not in _INDEXED or value not in known:
                if by_all:
                    return []
                value = None
            key += (value,)
        found = self._found.get(key)
        return self._remember(key) if found is None else found

    def _places_in(self, properties: dict[str, Any]) -> tuple[Any, ...] | None:
        """The event's place among the bounds of each field; None where it is below all that anybody asks for."""
        places: tuple[Any, ...] = ()
        for field, is_nested, bounds, by_all in self._asked_bounds:
            value = properties.get(field)
            if value is None and is_nested:
                value = look_up(properties, field)
            place = _reach(bounds, value) if value.__class__ in _NUMBERS else 0
            if by_all and not place:
                return None
            places += (place,)
        return places

    def _remember(self, key: tuple[Any, ...]) -> list[T]:
        found = self._ask(key)
        if len(self._found) < REMEMBERED:
            self._found[key] = found
        return found

    def _ask(self, key: tuple[Any, ...]) -> list[T]:
        places = dict(zip(self._bounds, key, strict=False))
        values = dict(zip(self._values, key[len(places) :], strict=True))
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
