"""C015-C016, SPEC 9 Conditions: the compiled functions against an obvious interpreter, and by example."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.model.campaign import EVERYONE, AllOf, AnyOf, Condition, Leaf, NoneOf, Operator
from app.domain.rules.conditions import compile_condition, look_up

NOW_MS = 1_795_600_000_000
DAY_MS = 86_400_000


def holds(condition: Condition, values: dict[str, Any], now_ms: int = NOW_MS) -> bool:
    return compile_condition(condition)(values, now_ms)


def matches(operator: Operator, operand: Any, value: Any, field: str = "x") -> bool:
    return holds(Leaf(field, operator, operand), {field: value})


@pytest.mark.parametrize(
    ("operator", "operand", "value", "expected"),
    [
        (Operator.IS, "US", "US", True),
        (Operator.IS, "US", "us", False),
        (Operator.IS, 1, True, False),
        (Operator.IS, 1, 1.0, True),
        (Operator.IS, True, 1, False),
        (Operator.IS, True, True, True),
        (Operator.IS, "1", 1, False),
        (Operator.IS_NOT, "US", "FR", True),
        (Operator.IS_NOT, "US", 5, False),
        (Operator.IS_NOT, "US", None, False),
        (Operator.IS_NOT, 1, True, False),
        (Operator.IN, ("a", 1), 1.0, True),
        (Operator.IN, ("a", 1), True, False),
        (Operator.IN, (True,), True, True),
        (Operator.IN, (1, False), True, False),
        (Operator.IN, ("a",), ["a"], False),
        (Operator.NOT_IN, ("a", "b"), "c", True),
        (Operator.NOT_IN, ("a", "b"), 3, False),
        (Operator.NOT_IN, ("a", "b"), None, False),
        (Operator.BETWEEN, (25, 40), 25, True),
        (Operator.BETWEEN, (25, 40), 40.0, True),
        (Operator.BETWEEN, (25, 40), 40.01, False),
        (Operator.BETWEEN, (0, 1), True, False),
        (Operator.GTE, 10, 10, True),
        (Operator.GT, 10, 10, False),
        (Operator.LT, 10, "9", False),
        (Operator.LTE, 10, 9.5, True),
        (Operator.CONTAINS, "ttl", "kettle", True),
        (Operator.CONTAINS, "a", ["a"], False),
        (Operator.STARTS_WITH, "ke", "kettle", True),
        (Operator.ENDS_WITH, "le", "kettle", True),
        (Operator.INCLUDES, "a", ["b", "a"], True),
        (Operator.INCLUDES, 1, [True], False),
        (Operator.INCLUDES, "a", "a", False),
        (Operator.IS_SET, None, 0, True),
        (Operator.IS_SET, None, None, False),
        (Operator.IS_NOT_SET, None, None, True),
        (Operator.IS_NOT_SET, None, "", False),
    ],
)
def test_given_a_value_when_compared_then_only_its_own_type_matches(
    operator: Operator, operand: Any, value: Any, expected: bool
) -> None:
    assert matches(operator, operand, value) is expected


@pytest.mark.parametrize("operator", [op for op in Operator if op is not Operator.IS_NOT_SET])
def test_given_a_missing_value_when_compared_then_the_leaf_is_false_and_none_around_it_holds(
    operator: Operator,
) -> None:
    operand: Any = {Operator.BETWEEN: (1, 2), Operator.IN: ("a",), Operator.NOT_IN: ("a",)}.get(operator, 1)
    operand = "a" if operator in {Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH} else operand
    leaf = Leaf("gone", operator, operand)
    assert not holds(leaf, {})
    assert not holds(leaf, {"gone": None})
    assert holds(NoneOf((leaf,)), {})


@pytest.mark.parametrize(
    ("operator", "operand", "value", "expected"),
    [
        (Operator.GTE, "3.9", "3.10.0", True),
        (Operator.IS, "3.2", "3.2.0", True),
        (Operator.LT, "3.2.0", "3.2.0-beta", True),
        (Operator.GT, "3.2.0", "3.2.0+45", False),
        (Operator.BETWEEN, ("13", "14"), "14", True),
        (Operator.BETWEEN, ("13", "14"), "14.0.1", False),
        (Operator.IN, ("3.2",), "3.2.0", True),
        (Operator.NOT_IN, ("3.2",), "3.3", True),
        (Operator.IS_NOT, "3.2", "latest", False),
        (Operator.GTE, "3", 4, False),
        (Operator.STARTS_WITH, "3.", "3.2", True),
    ],
)
def test_given_a_version_field_when_compared_then_by_its_numbers(
    operator: Operator, operand: Any, value: Any, expected: bool
) -> None:
    assert matches(operator, operand, value, "app_version") is expected
    assert matches(operator, operand, value, "device.os_version") is expected


def test_given_dates_when_compared_then_iso_text_and_epoch_seconds_are_the_same_instant() -> None:
    text, seconds = "2026-11-22T09:00:00.000Z", 1_795_338_000
    at_ms = seconds * 1000
    for value in (text, seconds, float(seconds), "2026-11-22T10:00:00+01:00", "2026-11-22T09:00:00"):
        assert matches(Operator.BEFORE, at_ms + 1, value)
        assert not matches(Operator.BEFORE, at_ms, value)
        assert matches(Operator.AFTER, at_ms - 1, value)
        assert not matches(Operator.AFTER, at_ms, value)


@pytest.mark.parametrize(
    "value", ["soon", "", "2026", True, [], {}, float("nan"), float("inf"), 10**30, "2026-13-01"]
)
def test_given_what_is_no_date_when_compared_as_one_then_it_never_matches(value: Any) -> None:
    assert not matches(Operator.BEFORE, 10**15, value)
    assert not matches(Operator.AFTER, -(10**15), value)
    assert not matches(Operator.IN_LAST, 10**15, value)


def test_given_in_last_when_now_moves_then_the_window_moves_and_the_future_is_outside() -> None:
    within = Leaf("joined", Operator.IN_LAST, DAY_MS)
    values = {"joined": NOW_MS / 1000}
    assert holds(within, values, NOW_MS)
    assert holds(within, values, NOW_MS + DAY_MS)
    assert not holds(within, values, NOW_MS + DAY_MS + 1)
    assert not holds(within, values, NOW_MS - 1)


def test_given_a_dotted_field_when_looked_up_then_the_very_name_wins_over_the_path() -> None:
    assert look_up({"a": {"b": 1}}, "a.b") == 1
    assert look_up({"a.b": 2, "a": {"b": 1}}, "a.b") == 2
    assert look_up({"a": "text"}, "a.b") is None
    assert holds(Leaf("cart.total", Operator.GTE, 10), {"cart": {"total": 12}})


def test_given_no_condition_then_everyone_and_given_an_empty_any_then_nobody() -> None:
    assert holds(EVERYONE, {})
    assert not holds(AnyOf(()), {})
    assert holds(NoneOf(()), {})


def test_given_an_operand_that_does_not_fit_when_compiled_then_it_raises() -> None:
    with pytest.raises(ValueError, match="no number"):
        compile_condition(Leaf("x", Operator.GT, "ten"))
    with pytest.raises(ValueError, match="no version"):
        compile_condition(Leaf("app_version", Operator.GT, "latest"))
    with pytest.raises(ValueError, match="no text"):
        compile_condition(Leaf("x", Operator.CONTAINS, 1))


# The obvious interpreter: no closures, no shortcuts.

SCALARS = st.one_of(
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.0, 1.0, 1.5]),
    st.sampled_from(["", "a", "ab", "b", "2026-11-22", "2026-11-25T10:00:00Z"]),
)
VALUES = st.one_of(st.none(), SCALARS, st.lists(SCALARS, max_size=3), st.just({"b": 1}))
FIELDS = st.sampled_from(["a", "b", "a.b"])
NUMBERS = st.integers(-3, 3)
OPERANDS = {
    Operator.IN: st.lists(SCALARS, min_size=1, max_size=3).map(tuple),
    Operator.NOT_IN: st.lists(SCALARS, min_size=1, max_size=3).map(tuple),
    Operator.BETWEEN: st.tuples(NUMBERS, NUMBERS),
    Operator.BEFORE: st.just(NOW_MS - DAY_MS),
    Operator.AFTER: st.just(NOW_MS - DAY_MS),
    Operator.IN_LAST: st.just(2 * DAY_MS),
    Operator.IS_SET: st.none(),
    Operator.IS_NOT_SET: st.none(),
    **dict.fromkeys((Operator.IS, Operator.IS_NOT, Operator.INCLUDES), SCALARS),
    **dict.fromkeys((Operator.GT, Operator.GTE, Operator.LT, Operator.LTE), NUMBERS),
    **dict.fromkeys(
        (Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH), st.sampled_from(["a", "b", "2026"])
    ),
}


def leaf_of(operator: Operator) -> st.SearchStrategy[Condition]:
    return st.builds(Leaf, FIELDS, st.just(operator), OPERANDS[operator])


LEAVES = st.sampled_from(list(Operator)).flatmap(leaf_of)
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    LEAVES,
    lambda parts: st.builds(
        lambda make, of: make(tuple(of)), st.sampled_from([AllOf, AnyOf, NoneOf]), st.lists(parts, max_size=4)
    ),
    max_leaves=8,
)


def kind_of(value: Any) -> str:
    return {bool: "bool", int: "number", float: "number", str: "text", list: "list"}.get(type(value), "other")


def same(value: Any, operand: Any) -> bool:
    return kind_of(value) == kind_of(operand) and bool(value == operand)


def date_of(value: Any) -> float | None:
    if kind_of(value) == "number":
        return float(value * 1000)
    if kind_of(value) == "text" and value[:4] == "2026":
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000
    return None


def judge(test: Leaf, value: Any) -> bool:
    operand, kind, at = test.operand, kind_of(value), date_of(value)
    if value is None:
        return test.operator is Operator.IS_NOT_SET
    table: dict[Operator, Any] = {
        Operator.IS: lambda: same(value, operand),
        Operator.IS_NOT: lambda: kind == kind_of(operand) and not same(value, operand),
        Operator.IN: lambda: any(same(value, one) for one in operand),
        Operator.NOT_IN: lambda: (
            kind in {kind_of(one) for one in operand} and not any(same(value, one) for one in operand)
        ),
        Operator.GT: lambda: kind == "number" and value > operand,
        Operator.GTE: lambda: kind == "number" and value >= operand,
        Operator.LT: lambda: kind == "number" and value < operand,
        Operator.LTE: lambda: kind == "number" and value <= operand,
        Operator.BETWEEN: lambda: kind == "number" and operand[0] <= value <= operand[1],
        Operator.CONTAINS: lambda: kind == "text" and operand in value,
        Operator.STARTS_WITH: lambda: kind == "text" and value[: len(operand)] == operand,
        Operator.ENDS_WITH: lambda: kind == "text" and value[-len(operand) :] == operand,
        Operator.INCLUDES: lambda: kind == "list" and any(same(one, operand) for one in value),
        Operator.BEFORE: lambda: at is not None and at < operand,
        Operator.AFTER: lambda: at is not None and at > operand,
        Operator.IN_LAST: lambda: at is not None and NOW_MS - operand <= at <= NOW_MS,
        Operator.IS_SET: lambda: True,
        Operator.IS_NOT_SET: lambda: False,
    }
    return bool(table[test.operator]())


def interpret(condition: Condition, values: dict[str, Any]) -> bool:
    match condition:
        case Leaf(field):
            found = values.get(field)
            if found is None and field == "a.b" and isinstance(values.get("a"), dict):
                found = values["a"].get("b")
            return judge(condition, found)
        case AllOf(of):
            return all(interpret(part, values) for part in of)
        case AnyOf(of):
            return any(interpret(part, values) for part in of)
        case NoneOf(of):
            return not any(interpret(part, values) for part in of)
        case other:
            raise AssertionError(f"{other} is asked of users, not of values")


@settings(max_examples=1500, deadline=None)
@given(CONDITIONS, st.dictionaries(FIELDS, VALUES))
def test_given_any_condition_and_values_then_it_says_what_the_interpreter_says(
    condition: Condition, values: dict[str, Any]
) -> None:
    assert holds(condition, values) is interpret(condition, values)
