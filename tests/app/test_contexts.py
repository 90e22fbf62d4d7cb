"""Contexts come from other programs: what is well typed counts, whatever stands beside it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.contexts import CONTEXT_BYTES, CONTEXTS, Contexts
from app.domain.model.event import DeviceReport, Place, Position, PushStatus, Said

WHOLE: dict[str, Any] = {
    "traits": {"plan": "gold"},
    "ip": "198.51.100.7",
    "location": {"latitude": 48, "longitude": 2.35},
    "timezone": "Europe/Paris",
    "locale": "fr-FR",
    "device": {"id": "d1", "type": "iOS", "token": "t1", "push": "allowed", "manufacturer": "A", "model": "B"},
    "os": {"name": "ios", "version": "17"},
    "app": {"name": "shop", "version": "3.2"},
    "library": {"name": "swift", "version": "1.9"},
}  # fmt: skip
PARIS = Place("FR", None, "Paris")
IN_FULL = Said(
    DeviceReport("d1", "ios", "t1", PushStatus.ALLOWED, "A", "B", "17", "3.2", "1.9"),
    "Europe/Paris",
    "fr-FR",
    PARIS,
    Position(48.0, 2.35),
    True,
)
ILL_TYPED = st.one_of(
    st.booleans(), st.integers(), st.lists(st.integers(), max_size=2), st.floats(allow_nan=False)
)
LEAVES = st.sampled_from(["id", "type", "token", "push", "manufacturer", "model"])


def read(context: Any, *, is_json: bool = True) -> Said:
    encode = msgspec.json.encode if is_json else msgspec.msgpack.encode
    return Contexts(lambda _address: PARIS).read(encode(context), is_json=is_json).said


@pytest.mark.parametrize("is_json", [True, False])
def test_a_whole_context_is_read_in_either_encoding(is_json: bool) -> None:
    assert read(WHOLE, is_json=is_json) == IN_FULL


@given(leaf=LEAVES, value=ILL_TYPED)
def test_a_leaf_of_another_type_counts_as_not_said_and_costs_nothing_else(leaf: str, value: Any) -> None:
    device = WHOLE["device"]
    with_nothing = {name: said for name, said in device.items() if name != leaf}

    found = read(WHOLE | {"device": device | {leaf: value}})

    assert found == read(WHOLE | {"device": with_nothing})


@given(part=st.sampled_from(sorted(WHOLE)), value=ILL_TYPED)
def test_a_part_of_another_type_counts_as_not_said_and_costs_nothing_else(part: str, value: Any) -> None:
    without = {name: said for name, said in WHOLE.items() if name != part}

    assert read(WHOLE | {part: value}) == read(without)


@pytest.mark.parametrize("latitude", [True, "48", 90.5, None, [48]])
def test_what_is_no_degree_is_no_place(latitude: Any) -> None:
    context = {"location": {"latitude": latitude, "longitude": 2.35}}

    assert read(context) == Said()


@pytest.mark.parametrize("context", [None, [], "context", 7])
def test_what_is_no_context_says_nothing(context: Any) -> None:
    assert read(context) == Said()


def test_a_browser_is_reached_by_its_subscription_in_one_spelling() -> None:
    one = {"device": {"id": "w", "subscription": {"endpoint": "e", "keys": {"p256dh": "p", "auth": "a"}}}}
    other = {"device": {"id": "w", "subscription": {"keys": {"auth": "a", "p256dh": "p"}, "endpoint": "e"}}}

    assert read(one) == read(other)
    device = read(one).device
    assert device is not None
    assert device.token == '{"endpoint":"e","keys":{"auth":"a","p256dh":"p"}}'


def test_a_context_that_comes_again_is_the_same_object_until_two_generations_have_passed() -> None:
    contexts = Contexts(None)
    data = msgspec.json.encode(WHOLE)
    first = contexts.read(data, is_json=True)

    for number in range(CONTEXTS):
        contexts.read(b'{"locale":"%d"}' % number, is_json=True)
    assert contexts.read(data, is_json=True) is first
    for number in range(2 * CONTEXTS):
        contexts.read(b'{"timezone":"%d"}' % number, is_json=True)

    again = contexts.read(data, is_json=True)
    assert again is not first
    assert again == first


def test_a_long_context_is_not_remembered() -> None:
    contexts = Contexts(None)
    data = msgspec.json.encode(WHOLE | {"campaign": "x" * CONTEXT_BYTES})

    assert contexts.read(data, is_json=True) is not contexts.read(data, is_json=True)
