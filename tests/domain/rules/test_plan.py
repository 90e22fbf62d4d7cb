"""Which plans an event may start: the index by one value finds what a plain loop finds."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.domain.catalog import make_plan
from app.domain.model.campaign import AllOf, AnyOf, Condition, Leaf, Operator, Status, Unless, When
from app.domain.rules.plan import Catalog
from tests.domain.makers import a_campaign

VALUES = st.sampled_from(["a", "b", 1, 1.0, 2, 2.5, -1, 10**30, float("nan"), True, False, None, ["a"]])
FIELDS = st.sampled_from(["x", "y.z"])
LEAVES = st.one_of(
    st.builds(Leaf, FIELDS, st.just(Operator.IS), st.sampled_from(["a", "b", 1, 2, True, False])),
    st.builds(
        Leaf,
        FIELDS,
        st.sampled_from([Operator.GT, Operator.GTE, Operator.LT]),
        st.sampled_from([0, 1, 2, 2.5]),
    ),
)
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda of: AllOf(tuple(of))),
        st.lists(inner, max_size=3).map(lambda of: AnyOf(tuple(of))),
    ),
    max_leaves=5,
)


@given(st.lists(CONDITIONS, max_size=8), st.fixed_dictionaries({"x": VALUES}), VALUES)
def test_index_finds_every_plan_whose_condition_holds(
    wheres: list[Condition], properties: dict[str, Any], nested: Any
) -> None:
    """Given campaigns with any conditions, then those whose condition holds are candidates, in the order of ids."""
    properties = properties | {"y": {"z": nested}}
    plans = [
        make_plan(a_campaign(id=f"c{number}", when=When("seen", where=where)), 1)
        for number, where in enumerate(wheres)
    ]
    catalog = Catalog({(plan.id, 1): plan for plan in plans}, {plan.id: (Status.LIVE, 1) for plan in plans})
    listeners = catalog.triggers.get("seen")
    found = [] if listeners is None else listeners.candidates(properties)
    holding = [plan.id for plan in plans if plan.where is None or plan.where(properties, 0)]
    assert [plan.id for plan in found if plan.where is None or plan.where(properties, 0)] == holding


def test_plans_that_ask_for_another_value_are_not_even_asked() -> None:
    """Given a hundred campaigns for one category each, then an event concerns the one of its category."""
    plans = [
        make_plan(
            a_campaign(
                id=f"c{number:03}", when=When("seen", where=Leaf("category", Operator.IS, f"k{number}"))
            ),
            1,
        )
        for number in range(100)
    ]
    catalog = Catalog({(plan.id, 1): plan for plan in plans}, {plan.id: (Status.LIVE, 1) for plan in plans})
    assert [plan.id for plan in catalog.triggers["seen"].candidates({"category": "k7"})] == ["c007"]


def test_plans_that_ask_for_more_are_not_even_asked() -> None:
    """Given a hundred campaigns for one price each, then an event concerns those whose price it reaches."""
    plans = [
        make_plan(
            a_campaign(id=f"c{number:03}", when=When("seen", where=Leaf("price", Operator.GTE, number))), 1
        )
        for number in range(100)
    ]
    catalog = Catalog({(plan.id, 1): plan for plan in plans}, {plan.id: (Status.LIVE, 1) for plan in plans})
    candidates = catalog.triggers["seen"].candidates
    assert [plan.id for plan in candidates({"price": 2.5})] == ["c000", "c001", "c002"]
    assert candidates({"price": "2.5"}) == candidates({}) == candidates({"price": True}) == []


def test_only_what_may_send_listens() -> None:
    """Given campaigns in every status, then the live and the scheduled ones listen."""
    plans = [make_plan(a_campaign(id=status.value), 1) for status in Status]
    catalog = Catalog(
        {(plan.id, 1): plan for plan in plans}, {plan.id: (Status(plan.id), 1) for plan in plans}
    )
    assert {plan.id for plan in catalog.triggers["add_to_cart"].candidates({})} == {"live", "scheduled"}


def test_campaigns_that_wait_for_the_same_answer_share_its_memory() -> None:
    """Given three campaigns answered by a purchase, one of them only by an expensive one, then two kinds are kept."""
    expensive = Leaf("price", Operator.GTE, 100)
    unlesses = [Unless("purchase", 1), Unless("purchase", 9), Unless("purchase", 1, where=expensive)]
    plans = [
        make_plan(a_campaign(id=f"c{number}", when=When("add_to_cart", unless=unless)), 1)
        for number, unless in enumerate(unlesses)
    ]
    catalog = Catalog({(plan.id, 1): plan for plan in plans}, {plan.id: (Status.LIVE, 1) for plan in plans})
    assert len(catalog.answers["purchase"]) == 2
