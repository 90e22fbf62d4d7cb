"""Whatever the order in which claims, events and mail arrive, the same user comes of it (SPEC section 9, Anonymous)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Repeat, Unless, When
from app.domain.model.user import User, Waiting
from tests.domain.makers import a_campaign
from tests.flow.people import DAY_MS, People
from tests.flow.test_triggers import at

IDS = ("ann", "anon", "anon-2")
WITHIN_S = 3000
SPAN_S = 1000  # every event lies within the time of every timer: what a timer replaced cannot matter any more
CARTS = st.sampled_from(["c1", "c2"])
TRAITS = st.dictionaries(st.sampled_from("xyz"), st.one_of(st.none(), st.integers(0, 9)), max_size=2)
ZONES = st.sampled_from(["Europe/Paris", "Asia/Tokyo", None])


class Said(NamedTuple):
    """One message under one id. `cart`: of a cart, or of a purchase; `previous`: the id that it names as the same."""

    second: int
    of: str
    kind: str
    cart: str = ""
    traits: dict[str, Any] | None = None
    zone: str | None = None
    device: str | None = None
    previous: str | None = None


def message(said: Said) -> dict[str, Any]:
    """As it stands in the log. Every report of a device says something new of it."""
    device = {"id": said.device, "type": "android", "token": f"t-{said.device}", "push": "allowed"}
    context: dict[str, Any] = {} if said.zone is None else {"timezone": said.zone}
    if said.device is not None:
        context |= {"device": device, "app": {"version": str(said.second)}}
    who = {"anonymousId" if said.of.startswith("anon") else "userId": said.of}
    if said.previous is not None:
        who = {"userId": said.of, "previousId": said.previous}
    body = (
        {"traits": said.traits or {}} if said.kind == "identify" else {"properties": {"cart_id": said.cart}}
    )
    return who | body | {
        "type": "track" if said.kind in {"cart", "purchase"} else said.kind,
        "event": said.kind,
        "messageId": f"m{said.second}",
        "timestamp": at(said.second),
        "context": context,
    }  # fmt: skip


@st.composite
def histories(draw: st.DrawFn, *, purchases: bool) -> list[Said]:
    """What one person did under three ids, and the claims that join them: by the user, or one through the other."""
    kinds = ["identify", "cart", *(["purchase"] if purchases else [])]
    seconds = draw(st.lists(st.integers(1, SPAN_S), min_size=2, max_size=12, unique=True))
    through = draw(st.booleans())
    claims = [("anon-2" if through else "ann", "anon"), ("ann", "anon-2")]
    found = [
        Said(second, of, "alias", previous=previous)
        for second, (of, previous) in zip(seconds, claims, strict=False)
    ]
    for second in seconds[2:]:
        kind, of = draw(st.sampled_from(kinds)), draw(st.sampled_from(IDS))
        found.append(
            Said(
                second,
                of,
                kind,
                draw(CARTS),
                draw(TRAITS) if kind == "identify" else None,
                draw(ZONES),
                draw(st.sampled_from(["phone", "laptop", None])),
            )
        )
    return sorted(found)


def play(history: Sequence[Said], place: dict[str, int], repeat: Repeat, chance: Any) -> People:
    """Each partition reads its log in order; whose turn it is, and which mail arrives when, is chance."""
    unless = Unless("purchase", WITHIN_S * 1000, "cart_id")
    campaign = a_campaign(when=When("cart", unless=unless, repeat=repeat))
    people = People([campaign], place, AppRules(stream_clock=True, max_lateness_ms=DAY_MS))
    logs = {number: [said for said in history if place[said.of] == number] for number in people.flows}
    while any(logs.values()) or people.waiting:
        choices: list[Any] = [number for number, log in logs.items() if log]
        choice = chance([*choices, *people.waiting])
        if isinstance(choice, int):
            people.feed(message(logs[choice].pop(0)))
        else:
            people.move(choice)
    return people


class Known(NamedTuple):
    """What is known of a user in the end, but for the order of things."""

    traits: dict[str, Any]
    zone: str | None
    versions: dict[str, str | None]
    timers: set[str]


def known(user: User) -> Known:
    """What the state says."""
    profile = user.profile
    assert not any(device.suspended for device in profile.devices.values())
    return Known(
        profile.traits,
        profile.zone,
        {device.id: device.app_version for device in profile.devices.values()},
        {entry.trigger.event_id for entry in user.agenda.entries if isinstance(entry, Waiting)},
    )


def expected(history: Sequence[Said], repeat: Repeat) -> Known:
    """The same, from plain loops: the user's own word, then ids by when they were claimed; the rest by time."""
    claimed = {said.previous: said.second for said in history if said.previous is not None}
    order = ["ann", *sorted((name for name in IDS if name in claimed), key=lambda name: -claimed[name])]
    traits: dict[str, Any] = {}
    zones: list[str] = []
    for of in order:
        own: dict[str, Any] = {}
        for said in history:
            own |= said.traits or {} if said.of == of else {}
        traits = own | traits
        zones += [said.zone for said in reversed(history) if said.of == of and said.zone is not None]
    versions = {said.device: str(said.second) for said in history if said.device is not None}
    return Known(
        {name: value for name, value in traits.items() if value is not None},
        zones[0] if zones else None,
        {device: version for device, version in versions.items() if device is not None},
        _timers(history, repeat),
    )


def _timers(history: Sequence[Said], repeat: Repeat) -> set[str]:
    running: list[tuple[str, str]] = []
    for said in history:
        same = [timer for timer in running if timer[0] == said.cart]
        if said.kind == "purchase":
            running = [timer for timer in running if timer not in same]
        if said.kind == "cart" and not (same and repeat is Repeat.KEEP_FIRST):
            kept = [timer for timer in running if timer not in same or repeat is Repeat.EACH]
            running = [*kept, (said.cart, f"m{said.second}")]
    return {event for _, event in running}


PLACES = [
    dict.fromkeys(IDS, 0),
    dict(zip(IDS, (0, 1, 1), strict=True)),
    dict(zip(IDS, (0, 1, 2), strict=True)),
]


@pytest.mark.parametrize("repeat", list(Repeat))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_order_of_claims_events_and_mail_gives_the_same_user(repeat: Repeat, data: st.DataObject) -> None:
    """Given a history under three ids in one to three partitions, then what is known and what runs is what it must be.

    `keep_first` without purchases: which cart it would have passed over before a purchase is not kept (0028).
    """
    history = data.draw(histories(purchases=repeat is not Repeat.KEEP_FIRST))
    place = data.draw(st.sampled_from(PLACES))
    people = play(history, place, repeat, lambda choices: data.draw(st.sampled_from(choices)))
    assert not people.dead()
    assert known(people.user("ann")) == expected(history, repeat)
    for name in IDS[1:]:
        left = people.user(name)
        assert left.forward is not None
        assert (left.profile.traits, left.profile.devices, left.agenda.entries) == ({}, {}, [])
