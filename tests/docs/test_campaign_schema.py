"""`campaign.schema.json` agrees with the reader: on every example, on every key, and on documents that chance made."""

from __future__ import annotations

import copy
import json
import re
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
from scripts.pages import campaign_schema, schema_forms
from scripts.pages.campaign_keys import KEYS
from scripts.pages.conditions import CONDITIONS, WHO
from tests.docs.json_schema import Checker
from tests.docs.test_reference import CHECKOUT, CONTRACT_NOT_YET, FOLDER, example, parsed, put, whole
from tests.domain.files import test_campaign, test_cities, test_did_you_mean, test_limits, test_when, test_who
from tests.domain.files.test_campaign import a_file

CHECKER = Checker(campaign_schema.schema())
BEYOND = (
    "the first number is above the second",
    "is above at_most",
    "is no language",
    "unknown variable",
    "the address",
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
        None, "", " ", "text", "3651d", "29d", "0672h", "http://a.example", "javascript:x", "{{ event.link }}",
        "10m", "0s", "00m", "21:00", "25:00", "2026-11-23", "#222222", "hold", "each", "high",
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
        {"did": "x", "times": {"at_least": 0}}, {"did": "x", "times": {"exactly": 1, "at_least": None}},
        {"did": "x", "times": {"at_most": 0}, "first": "in_last 7d"}, {"did": "x", "within": "731d"},
        {"did": "x", "times": {"exactly": 0}, "last": None}, {"copy": True}, {"copy": True, "fallback": False},
        {"did": "x", "times": {"exactly": 0}, "within": "30d"}, {"did": ""},
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


def cases(test: Any) -> list[Any]:
    """What a test is parametrised with."""
    (mark,) = (each for each in test.pytestmark if each.name == "parametrize")
    found: list[Any] = list(mark.args[1])
    return found


def wrong_documents() -> list[dict[str, Any]]:
    """Every document with which the reader's own tests show a mistake."""
    parts: list[Any] = [case[0] for case in [*test_campaign.WRONG, *test_campaign.NOT_YET]]
    parts += [
        {"who": case[0]} for case in cases(test_who.test_a_mistake_is_told_by_its_path_with_what_was_meant)
    ]
    parts += [
        {"who": {"near": case[0]}}
        for case in cases(test_cities.test_a_mistake_around_cities_is_told_by_its_path)
    ]
    parts += [{"limits": case[0]} for case in cases(test_limits.test_what_is_no_limit_is_refused_at_its_path)]
    parts += [
        {"when": case[0]} for case in cases(test_when.test_given_a_mistake_in_when_then_its_path_is_named)
    ]
    shares = cases(test_when.test_given_what_is_no_share_then_it_is_refused)
    parts += [{"limits": {"control": share}} for share in shares]
    guessed = cases(test_did_you_mean.test_what_was_meant_is_guessed)
    return [a_file(**each) for each in parts] + [
        put(example(path), path, value) for path, value, _ in guessed
    ]


def test_the_mistakes_of_the_readers_own_tests_are_refused_too() -> None:
    """Given each, then the schema refuses it, but for what only the reader can see or what the app's settings say."""
    documents = wrong_documents()
    missed = {
        str(each)
        for document in documents
        if not CHECKER.problems(document)
        for each in reader(document)
        if not any(part in each.message for part in BEYOND)
    }
    assert missed == set()
    refused = sum(bool(CHECKER.problems(document)) for document in documents)
    assert refused > 0.8 * len(documents) > 100


@pytest.mark.parametrize(
    ("longest", "unit_ms"), [(28, 86_400_000), (730, 86_400_000), (100, 1_000), (3_650, 3_600_000)]
)
def test_a_duration_within_its_bound_is_taken_and_one_above_it_is_not(longest: int, unit_ms: int) -> None:
    unit = {1_000: "s", 3_600_000: "h", 86_400_000: "d"}[unit_ms]
    form = re.compile(schema_forms.duration(longest * unit_ms))
    for number in {*range(2 * longest), 10 * longest, 10 * longest + 9}:
        for zeros in ("", "00"):
            assert bool(form.fullmatch(f"{zeros}{number}{unit}")) == (number <= longest), number
    assert form.fullmatch(unit) is None


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
