"""`campaign.schema.json` agrees with the reader: on every example, on every key, and on documents that chance made."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.files import conditions
from app.domain.files.campaign import read_campaign
from app.domain.files.problems import Problem
from app.domain.files.yaml12 import Document, read_documents
from app.domain.model.campaign import Operator
from scripts.pages import campaign_schema
from scripts.pages.campaign_keys import KEYS
from scripts.pages.conditions import CONDITIONS, WHO
from tests.docs.json_schema import Checker
from tests.docs.test_reference import CHECKOUT, CONTRACT_NOT_YET, FOLDER, example, parsed, put, whole

CHECKER = Checker(campaign_schema.schema())
BEYOND = (
    "a link starts with",
    "an image's address",
    "is not after starts",
    "is the same as from",
    "is not the property of",
    "a day are more than",
    "there is no city",
    "may be several cities",
    "is no country",
)
"""What only the reader can say, of the documents that are made here."""

VALUES = st.one_of(
    st.sampled_from([
        None, "", " ", "text", "10m", "0s", "00m", "21:00", "25:00", "2026-11-23", "#222222", "hold", "each", "high",
        "Europe/Paris", "Nowhere/Else", "a@b.example", "cart-1", "Cart 1", "3.10.0", True, False, 0, 5, -1, 1.5,
    ]),
    st.sampled_from([
        [], ["a"], ["a", "a"], [1], [""], [1, 2], [None], {}, {"a": 1}, {"a": None}, {"is": "x"}, {"gte": 10},
        {"gte": "3.1"}, {"p": {"gte": 10}}, {"p": {"gte": "x"}}, {"p": {}}, {"app_version": {"gte": "3.1"}},
        {"app_version": 3}, {"app_version": {"between": ["3", "4"]}}, {"p": {"between": [1, 2]}}, {"p": ["a"]},
        {"p": {"in": ["a", 1]}}, {"p": {"in_last": "0d"}}, {"p": {"is_set": True}}, {"p": {"is_set": False}},
        {"user": "a", "is": 1}, {"user": "a"}, {"user": "a", "is": None}, {"user": "os_version", "gte": "14"},
        {"user": "os_version", "gte": 14}, {"user": "os_version", "gte": "x"}, {"user": "a", "gte": "14"},
        {"all": []}, {"all": [{"user": "a", "is": 1}]}, {"any": [{"user": "a", "is": 1}], "user": "a"},
        {"none": [{"any": [{"user": "a", "contains": "b", "is_not": "c"}]}]}, [{"user": "a", "is": 1}], [{"did": "x"}],
        {"did": "x", "times": {"at_least": 0}}, {"did": "x", "times": {"exactly": 0}, "within": "30d"}, {"did": ""},
        {"did": "x", "times": 2}, {"did": "x", "first": "in_last 7d"}, {"did": "x", "first": {"before": "2026-11-23"}},
        {"did": "x", "last": "lately"}, {"did": "x", "where": {}}, {"did": "x", "where": {"p": {"gte": 1}}},
        {"near": {"km": 5, "of": [[1, 2]]}}, {"near": {"km": 5, "of": [1, 2]}}, {"near": {"km": 5}}, {"near": None},
        {"near": {"km": 0, "of": [1, 2]}}, {"near": {"km": 5, "of": [[1, 200], [91, 2]]}},
        {"near": {"km": 5, "of": None, "cities": ["Paris", "Lyon, FR"]}}, {"near": {"km": 5, "cities": "Paris"}},
        {"near": {"km": 5, "of": [1, 2], "cities": [{"city": "Paris", "country": "US", "region": "TX"}]}},
        {"near": {"km": 5, "cities": [{"city": "Paris", "region": "TX"}]}}, {"near": {"km": 5, "cities": ["Paris,"]}},
        {"near": {"km": 5, "cities": []}}, {"near": {"km": 5, "cities": ["a, b, c, d"]}}, {"near": {"km": 5, "of": []}},
        {"near": {"km": 5, "cities": ["Portland"]}}, {"near": {"km": 5, "cities": ["Paris, Nowhere"]}},
        {"push": "allowed"}, {"push": "unsupported"}, {"push_last_session": "ask"}, {"reachable": True},
        {"reachable": False}, {"segment": "gold"}, {"segment": "Gold"}, {"device": {"os": "android"}}, {"device": {}},
        {"device": {"app_version": {"gte": "3.2"}}}, {"device": {"app_version": {"gte": 3.5}}}, {"device": {"ink": 1}},
        {"device": {"make": "x"}}, {"push": "allowed", "reachable": True},
        {"user": "a", "is": 1, "with": 2}, {"event": "e"}, {"event": "e", "within": "10m"}, {"from": "21:00"},
        {"from": "21:00", "to": "09:00"}, {"title": "t", "body": "b"}, {"silent": True}, {"title": "#222222"},
        {"fallback": True}, {"fallback": False}, {"ttl": "7d"}, {"google": "x"}, {"carillon_x": "x"}, {"k": "v"},
    ]),
)  # fmt: skip
PATHS = st.sampled_from(
    [key.path for key in KEYS] + ["boddy", "when.unles", "what.android.chanel", "inbox.colors.ink"]
)
CHANGES = st.lists(st.tuples(st.sampled_from(["put", "take"]), PATHS, VALUES), min_size=1, max_size=3)


def reader(values: dict[str, Any]) -> list[Problem]:
    """What the reader has against a document."""
    found = read_campaign(values, app_zone="UTC", amplify_default=False)
    return found if isinstance(found, list) else []


def change(values: dict[str, Any], changes: list[tuple[str, str, Any]]) -> dict[str, Any]:
    """Put values in and take keys out, wherever there is a map to do it in."""
    for act, path, value in changes:
        *above, last = path.split(".")
        place: Any = values
        for name in above:
            place = place.get(name) if isinstance(place, dict) else None
        if isinstance(place, dict) and act == "put":
            place[last] = copy.deepcopy(value)
        elif isinstance(place, dict):
            place.pop(last, None)
    return values


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(["when", "when.date"]), CHANGES)
def test_schema_and_reader_refuse_the_same_documents(begun: str, changes: list[tuple[str, str, Any]]) -> None:
    """Given the whole example, on an event or a date, with a few changes, then both take it or both refuse it.

    But for what only the reader can see.
    """
    values = change(example(begun), changes)
    refused, against = CHECKER.problems(values), reader(values)
    only_the_reader = all(any(part in problem.message for part in BEYOND) for problem in against)
    assert bool(refused) == bool(against) or (not refused and only_the_reader), (
        refused,
        [str(each) for each in against],
    )


def test_both_takings_and_refusals_happen() -> None:
    """The check itself: there are changes that both take and changes that both refuse."""
    taken = change(whole(), [("put", "when.delay", "10m"), ("take", "owner", None)])
    refused = change(whole(), [("put", "when.delay", "ten minutes")])
    assert (CHECKER.problems(taken), reader(taken)) == ([], [])
    assert CHECKER.problems(refused)
    assert reader(refused)


@pytest.mark.parametrize("path", sorted((CHECKOUT / "examples").rglob("*.yaml")), ids=lambda path: path.name)
def test_every_campaign_of_the_examples_is_as_the_schema_says(path: Path) -> None:
    for document in read_documents(path.read_text(encoding="utf-8")):
        assert isinstance(document, Document)
        if "campaign" in document.value:
            assert CHECKER.problems(document.value) == []


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.path)
def test_the_example_of_a_key_is_as_the_schema_says_and_nothing_like_it_is(key: Any) -> None:
    assert CHECKER.problems(put(example(key.path), key.path, parsed(f"x: {key.example}")["x"])) == []
    wrong = put(example(key.path), f"{key.path}x", "x")
    free = key.path.startswith("what.data.")
    assert CHECKER.problems(wrong) or free


def test_the_conditions_of_the_reference_are_as_the_schema_says() -> None:
    assert CHECKER.problems(whole() | parsed(WHO)) == []
    for shown, _ in CONDITIONS.values():
        assert CHECKER.problems(whole() | {"who": parsed(f"x: {shown}")["x"]}) == [], shown
    assert list(campaign_schema.OPERANDS) == list(Operator)
    assert {*campaign_schema.BEGINNINGS, *conditions.GROUPS, conditions.LEAF} == conditions.BEGINNINGS


def test_what_the_reader_does_not_support_yet_is_refused() -> None:
    for path in CONTRACT_NOT_YET.split():
        values = (
            whole() | {"who": {path.removeprefix("who."): "x"}}
            if path.startswith("who.")
            else put(whole(), path, 1)
        )
        assert CHECKER.problems(values), path


def test_a_key_without_a_kind_that_is_known_is_an_error() -> None:
    with pytest.raises(KeyError):
        campaign_schema._kind("a kind of which nobody has heard")


def test_the_file_is_json_and_names_its_draft() -> None:
    assert (
        json.loads((FOLDER / "campaign.schema.json").read_text(encoding="utf-8"))["$schema"]
        == campaign_schema.DRAFT
    )
