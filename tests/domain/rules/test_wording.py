"""Conditions, durations and times in words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.model.campaign import EVERYONE, AllOf, AnyOf, Leaf, NoneOf, Operator
from app.domain.rules.wording import condition_text, instant_text, leaf_text, time_of_day, value_text
from tests.domain.rules.test_conditions import CONDITIONS

NINE_MS = 1_795_424_400_000


@pytest.mark.parametrize(
    ("operator", "operand", "text"),
    [
        (Operator.IS, "US", "x is US"),
        (Operator.IS, True, "x is true"),
        (Operator.IS_NOT, 3, "x is not 3"),
        (Operator.IN, ("FR", "BE"), "x is one of FR, BE"),
        (Operator.NOT_IN, (1, 2.5), "x is none of 1, 2.5"),
        (Operator.GT, 1, "x > 1"),
        (Operator.GTE, 1, "x ≥ 1"),
        (Operator.LT, 1, "x < 1"),
        (Operator.LTE, 1, "x ≤ 1"),
        (Operator.BETWEEN, (25, 40), "x between 25 and 40"),
        (Operator.CONTAINS, "ttl", "x contains ttl"),
        (Operator.STARTS_WITH, "ke", "x starts with ke"),
        (Operator.ENDS_WITH, "le", "x ends with le"),
        (Operator.INCLUDES, "a", "x includes a"),
        (Operator.BEFORE, NINE_MS, "x before 2026-11-23 09:00 UTC"),
        (Operator.AFTER, NINE_MS + 1000, "x after 2026-11-23 09:00:01 UTC"),
        (Operator.IN_LAST, 2_592_000_000, "x in the last 30d"),
        (Operator.IS_SET, None, "x is known"),
        (Operator.IS_NOT_SET, None, "x is not known"),
    ],
)
def test_every_operator_has_its_words(operator: Operator, operand: Any, text: str) -> None:
    assert leaf_text(Leaf("x", operator, operand)) == text


def test_groups_are_put_in_brackets_where_they_nest() -> None:
    us, free = Leaf("country", Operator.IS, "US"), Leaf("plan", Operator.IS, "free")
    told = condition_text(AllOf((us, AnyOf((free, NoneOf((us, free)))))))
    assert told == "country is US and (plan is free or none of (country is US; plan is free))"
    assert condition_text(EVERYONE) == "anybody"
    assert condition_text(AnyOf(())) == "nobody"


@given(CONDITIONS)
def test_any_condition_has_words(condition: Any) -> None:
    assert condition_text(condition)


@given(st.integers())
def test_any_time_has_words(time_ms: int) -> None:
    assert instant_text(time_ms, "Europe/Paris")


def test_times_and_values_read_as_people_write_them() -> None:
    assert instant_text(NINE_MS, "Europe/Paris") == "2026-11-23 10:00 Europe/Paris"
    assert (time_of_day(0), time_of_day(1439)) == ("00:00", "23:59")
    assert value_text("x" * 200) == "x" * 79 + "…"
    assert value_text({"a": [1]}) == '{"a": [1]}'
