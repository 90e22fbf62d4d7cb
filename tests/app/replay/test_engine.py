"""The replay decides as the users actor does: the same messages through both, one after the other (C150)."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from app.domain.files.campaign import load
from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Campaign, Cap
from app.domain.model.effect import Record, Send
from app.domain.model.event import Event, Tick
from app.domain.model.mail import Outcome, Result
from app.domain.model.reason import Reason
from app.domain.model.user import User
from app.kafka_client.received import Received
from app.replay.arrivals import Collected, End
from app.replay.catalogs import catalog_of
from app.replay.engine import Replay, accepts_all
from app.replay.users import Users
from app.wire import EventReader, encode_decision
from tests.flow.engine import Flow

BASE_MS = 1_795_428_000_000  # 2026-11-23T10:00:00Z
CAMPAIGNS = """\
campaign: restart
when: {event: cart, unless: {event: purchase, within: 10m, match: id}}
what: {title: "{{ event.id }}", body: B}
---
campaign: each
when: {event: cart, unless: {event: purchase, within: 25m}, repeat: each, delay: 5m}
what: {title: T, body: B}
---
campaign: night
when: {event: view, quiet: {from: "12:00", to: "13:30", then: hold}}
what: {title: "{{ user.name }}", body: B, missing: drop}
inbox: {fallback: true, ttl: 7d}
---
campaign: short
when: {event: view, where: {price: {gte: 5}}, ends: "2026-11-23T13:00", delay: 20m}
who: {user: name, is_set: true}
what: {title: T, body: B}
limits: {ignore_caps: true}
"""
RULES = AppRules("UTC", (Cap(4), Cap(2, 1_800_000)), 3_600_000, stream_clock=True)


def campaigns(text: str = CAMPAIGNS) -> list[Campaign]:
    found = load(text, app_zone="UTC", amplify_default=False)
    made = [each for each in found if isinstance(each, Campaign)]
    assert len(made) == len(found), found
    return made


def log(seed: int, count: int) -> list[dict[str, Any]]:
    """Messages of a few users over four hours: on the minute, some late, some twice, ticks between them."""
    dice, messages = random.Random(seed), list[dict[str, Any]]()
    for number in range(count):
        at_ms = BASE_MS + 60_000 * (number * 240 // count - dice.choice((0, 0, 0, 0, 0, 1, 7, 30, 90)))
        time = {"timestamp": at_ms / 1000}
        if dice.random() < 0.03:
            messages.append({"type": "tick", **time})
            continue
        if messages and dice.random() < 0.03:
            messages.append(messages[-1])
            continue
        messages.append(_message(dice, number) | time)
    return messages


def _message(dice: random.Random, number: int) -> dict[str, Any]:
    user = f"u{dice.randrange(6)}"
    message: dict[str, Any] = {"messageId": f"m{number}", "userId": user}
    if dice.random() < 0.3:
        device_id, push = f"d{dice.randrange(2)}", dice.choice(("allowed", "allowed", "blocked", "ask"))
        device = {"id": device_id, "type": "android", "token": f"{user}{device_id}", "push": push}
        traits = {"name": dice.choice(("Ada", None))}
        return message | {"type": "identify", "traits": traits, "context": {"device": device}}
    properties = {"id": dice.choice(("x", "y", None)), "price": dice.randrange(10)}
    event = dice.choice(("cart", "cart", "view", "purchase", "other"))
    return message | {"type": "track", "event": event, "properties": properties}


class Both:
    """The users actor and the replay, over the same messages; what providers and tokens answer goes to both."""

    def __init__(self, provider: Any = accepts_all, live: int = 3) -> None:
        self.flow = Flow(campaigns(), RULES, turn_size=1)
        self.collected = Collected()
        self.replay = Replay(catalog_of(campaigns()), RULES, self.collected.told, provider=provider)
        self.replay.users = Users(live)
        self._reader = EventReader()

    def feed(self, messages: list[dict[str, Any]]) -> None:
        for offset, message in enumerate(messages):
            self.flow.feed([message])
            key = message.get("userId", "").encode()
            value = json.dumps(message).encode()
            read = self._reader.read(Received("events", 0, offset, BASE_MS, key, value, ()), None)
            if isinstance(read, Event):
                self.replay.take(read, offset)
            elif isinstance(read, Tick):
                self.replay.tick(read)

    def by_the_actor(self) -> list[dict[str, Any]]:
        return self.flow.decisions()

    def by_the_replay(self) -> list[dict[str, Any]]:
        """Without what came of sending: nobody answers the actor in this test."""
        made = [json.loads(encode_decision(each)) for each in self.collected.decisions]
        return [each for each in made if each["step"] not in {"accepted", "failed"}]


def no_answer(user: User, send: Send) -> tuple[Outcome, ...]:
    return ()


@pytest.mark.parametrize("seed", range(6))
def test_every_decision_is_the_actor_s(seed: int) -> None:
    """Given a disorderly log, when both take it in, then decision for decision is the same."""
    both = Both(no_answer)
    both.feed([*log(seed, 500), {"type": "tick", "timestamp": BASE_MS / 1000 + 90_000}])
    made = both.by_the_actor()
    assert both.by_the_replay() == made
    assert {each["step"] for each in made} >= {"qualified", "held", "released", "dropped", "sent"}
    assert both.replay.failures == 0


def test_that_pushes_are_accepted_changes_nothing_but_their_end() -> None:
    silent, accepted = Both(no_answer), Both()
    messages = log(99, 500)
    for each in (silent, accepted):
        each.feed(messages)
    assert accepted.by_the_replay() == silent.by_the_replay()
    ends = [decision.step.value for decision in accepted.collected.decisions]
    assert ends.count("accepted") == ends.count("sent") > 0


def test_a_push_that_fails_for_good_gives_its_place_under_the_cap_back() -> None:
    """Given a cap of one a day, when the first push fails, then the second is cleared (SPEC section 9, Surfaces)."""

    def fails(user: User, send: Send) -> list[Outcome]:
        target, push = send.order.targets[0], send.order.push
        why = Reason.PROVIDER_REJECTED
        return [
            Outcome(
                user.id,
                push.message_id,
                push.campaign,
                target.device,
                target.token,
                "fcm",
                Result.FAILED,
                1,
                why,
            )
        ]

    rules = AppRules(caps=(Cap(1),), stream_clock=True)
    ends = {}
    for provider in (accepts_all, fails):
        collected = Collected()
        replay = Replay(catalog_of(campaigns()), rules, collected.told, provider=provider)
        feed(replay, *two_views())
        ends[provider] = [arrival.end for arrival in collected.arrivals]
    assert ends == {accepts_all: [End.PUSH, End.DROP], fails: [End.PUSH, End.PUSH]}


def two_views(user: str = "u", minute: int = 0) -> list[Event]:
    """A user with a device, who looks twice."""
    device = {"id": "d", "type": "android", "token": f"token of {user}"}
    lines: list[dict[str, Any]] = [
        {"type": "identify", "userId": user, "traits": {"name": "Ada"}, "context": {"device": device}},
        {"type": "track", "event": "view", "userId": user},
        {"type": "track", "event": "view", "userId": user},
    ]
    return [read(line, BASE_MS + 60_000 * (minute + at)) for at, line in enumerate(lines)]


def read(message: dict[str, Any], at_ms: int, recorded_ms: int | None = None) -> Event:
    value = json.dumps(
        message | {"timestamp": at_ms / 1000, "messageId": f"{message['userId']}-{at_ms}"}
    ).encode()
    record = Received("events", 0, 0, recorded_ms or at_ms, b"k", value, ())
    found = EventReader().read(record, None)
    assert isinstance(found, Event), found
    return found


def feed(replay: Replay, *events: Event) -> None:
    for offset, event in enumerate(events):
        replay.take(event, offset)


def test_before_the_window_events_say_who_users_are_and_start_nothing() -> None:
    collected = Collected()
    replay = Replay(catalog_of(campaigns()), RULES, collected.told, live_from_ms=BASE_MS + 120_000)
    feed(replay, *two_views())
    assert [(arrival.end, arrival.at_ms) for arrival in collected.arrivals] == [(End.PUSH, BASE_MS + 120_000)]
    assert collected.arrivals[0].content["title"] == "Ada"


def test_what_was_done_before_the_window_counts_as_the_past() -> None:
    """Given a campaign for those who looked before, when its window begins after the first look, then it is known."""
    text = "campaign: again\nwhen: {event: view}\nwho: {did: view, times: {at_least: 2}}\nwhat: {title: T, body: B}\n"
    collected = Collected()
    replay = Replay(catalog_of(campaigns(text)), RULES, collected.told, live_from_ms=BASE_MS + 120_000)
    feed(replay, *two_views())
    assert [arrival.at_ms for arrival in collected.arrivals] == [BASE_MS + 120_000]


def test_by_the_wall_clock_time_is_what_the_broker_wrote() -> None:
    """Given a phone whose clock is two hours ahead, when its cart comes, then its time fires nothing of others."""
    rules = AppRules(stream_clock=False)
    collected = Collected()
    replay = Replay(
        catalog_of(campaigns("\n---\n".join(CAMPAIGNS.split("\n---\n")[:1]))), rules, collected.told
    )
    who, *_ = two_views("right")
    cart = {"type": "track", "event": "cart"}
    replay.take(who, 0)
    replay.take(read(cart | {"userId": "right"}, BASE_MS + 60_000), 1)
    replay.take(read(cart | {"userId": "ahead"}, BASE_MS + 7_200_000, BASE_MS + 120_000), 2)
    assert collected.arrivals == []
    replay.take(read(cart | {"userId": "later"}, BASE_MS + 660_001), 3)
    assert [(arrival.user, arrival.at_ms) for arrival in collected.arrivals] == [("right", BASE_MS + 660_000)]


def test_a_token_that_moves_leaves_its_device_suspended() -> None:
    collected = Collected()
    replay = Replay(catalog_of(campaigns()), RULES, collected.told)
    first, view, again = two_views("first")
    thief = read(
        {
            "type": "identify",
            "userId": "second",
            "context": {"device": {"id": "e", "type": "android", "token": "token of first"}},
        },
        BASE_MS + 90_000,
    )
    feed(replay, first, view, thief, again)
    assert [decision.step.value for decision in collected.decisions if decision.user == "first"] == [
        "qualified",
        "sent",
        "accepted",
        "qualified",
        "inbox",
    ]
    assert collected.arrivals[-1].reason is Reason.SUSPENDED


def test_a_step_that_fails_costs_nobody_else_anything() -> None:
    """Given a bug that one user's due timer runs into, when others are due too, then they are decided."""
    collected = Collected()
    replay = Replay(catalog_of(campaigns()), RULES, collected.told)
    for name in ("bad", "good"):
        who, *_ = two_views(name)
        feed(replay, who, read({"type": "track", "event": "cart", "userId": name}, BASE_MS + 60_000))
    replay.users.get("bad").agenda.entries[0].version = 77
    replay.pass_by(BASE_MS + 3_600_000)
    assert {arrival.user for arrival in collected.arrivals} == {"bad", "good"}
    assert replay.failures == 1
    assert "LookupError" in replay.first_failure
    assert len(replay.dues) == 0


def test_what_is_held_is_waited_for() -> None:
    collected = Collected()
    replay = Replay(catalog_of(campaigns()), RULES, collected.told)
    who, view, _ = two_views(minute=150)
    feed(replay, who, view)
    assert [user.id for user in replay.waiting()] == ["u"]
    assert not [effect for effect in collected.arrivals if isinstance(effect, Record)]
    replay.pass_by(BASE_MS + 4 * 3_600_000)
    assert [arrival.at_ms for arrival in collected.arrivals] == [BASE_MS + 12_600_000]
    assert list(replay.waiting()) == []
