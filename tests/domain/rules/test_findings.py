"""C151: the tree that explains a condition agrees with the function that decides by it, and says what it found."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.model.campaign import EVERYONE, AllOf, AnyOf, Condition, Leaf, NoneOf, Operator
from app.domain.rules.findings import Finding, Kind, blame, find, why_not
from tests.domain.rules.test_conditions import CONDITIONS, FIELDS, NOW_MS, VALUES, holds

US = Leaf("country", Operator.IS, "US")
ADULT = Leaf("age", Operator.GTE, 18)
FREE = Leaf("plan", Operator.IS, "free")


def leaves(finding: Finding) -> list[Finding]:
    return (
        [finding] if finding.kind is Kind.LEAF else [leaf for part in finding.parts for leaf in leaves(part)]
    )


@settings(max_examples=600, deadline=None)
@given(CONDITIONS, st.dictionaries(FIELDS, VALUES))
def test_the_tree_holds_exactly_where_the_compiled_condition_does(
    condition: Condition, values: dict[str, Any]
) -> None:
    found = find(condition, values, NOW_MS)
    assert found.holds is holds(condition, values)
    blamed = list(blame(found))
    assert not (blamed and found.holds)
    assert all(finding.holds is not wanted for finding, wanted in blamed)
    assert found.holds or blamed
    assert found.holds or why_not(found)


@settings(max_examples=300, deadline=None)
@given(CONDITIONS, st.dictionaries(FIELDS, VALUES))
def test_mending_what_is_blamed_mends_the_whole(condition: Condition, values: dict[str, Any]) -> None:
    """Given a condition that does not hold, when every blamed leaf were as it should be, then it would hold."""
    found = find(condition, values, NOW_MS)
    blamed = {id(finding): wanted for finding, wanted in blame(found)}
    if not found.holds and all(finding.kind is Kind.LEAF for finding, _ in blame(found)):
        assert mended(found, blamed)


def mended(finding: Finding, blamed: dict[int, bool]) -> bool:
    if finding.kind is Kind.LEAF:
        return blamed.get(id(finding), finding.holds)
    parts = [mended(part, blamed) for part in finding.parts]
    if finding.kind is Kind.ALL:
        return all(parts)
    return any(parts) is (finding.kind is Kind.ANY)


def test_every_leaf_has_its_words_and_the_value_that_was_found() -> None:
    found = find(AllOf((US, AnyOf((ADULT, NoneOf((FREE,)))))), {"country": "FR", "plan": "free"}, NOW_MS)
    assert [(leaf.text, leaf.holds, leaf.found) for leaf in leaves(found)] == [
        ("country is US", False, "FR"),
        ("age ≥ 18", False, None),
        ("plan is free", True, "free"),
    ]


def test_only_what_stands_against_it_is_blamed() -> None:
    assert why_not(find(AllOf((US, ADULT)), {"country": "US", "age": 4}, NOW_MS)) == (
        "age 4, and the campaign asks for age ≥ 18"
    )
    assert why_not(find(AnyOf((US, ADULT)), {"country": "FR"}, NOW_MS)) == (
        "country FR, no age, and the campaign asks for country is US or age ≥ 18"
    )
    assert why_not(find(NoneOf((FREE, US)), {"plan": "free"}, NOW_MS)) == (
        "plan free, and the campaign asks for not (plan is free)"
    )


def test_a_group_without_parts_is_told_without_a_value() -> None:
    assert find(EVERYONE, {}, NOW_MS).holds
    assert why_not(find(AnyOf(()), {}, NOW_MS)) == "nothing, and the campaign asks for at least one of"


def test_addresses_and_telephone_numbers_are_masked_in_what_is_found() -> None:
    for field in ("email", "billing.email", "Phone"):
        value = {"billing": {"email": "ann@example.com"}, "email": "ann@example.com", "Phone": "+33 1 23"}
        found = find(Leaf(field, Operator.IS_SET), value, NOW_MS)
        assert found.holds
        assert found.found in {"a…@example.com", "…"}
