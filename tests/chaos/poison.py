"""Records that nobody can decide on, and events that make a campaign fail: what each must become."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from app.domain.files.campaign import load
from app.domain.model.campaign import Campaign

LARGE = 1_000_000
DEEP = 1_500
FAILING = """\
campaign: raising
when: {event: raising}
what: {title: "{{ 1 | divided_by: event.zero }}", body: Never}
---
campaign: looping
when: {event: looping}
what: {title: "{% for a in (1..100000000) %}{% for b in (1..100000000) %}x{% endfor %}{% endfor %}", body: Never}
"""


class Poison(NamedTuple):
    """One record. `reason`: that of its dead letter; None: it is decided, and its campaign drops it."""

    name: str
    reason: str | None
    key: bytes | None
    value: bytes | None


def failing_campaigns() -> list[Campaign]:
    """A template that raises, and one that would never end."""
    texts = FAILING.split("---\n")
    return [each for text in texts for each in load(text, app_zone="UTC", amplify_default=False)
            if isinstance(each, Campaign)]  # fmt: skip


def _packed(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message).encode()


def _nested(depth: int) -> bytes:
    return (
        b'{"type":"track","event":"purchase","userId":"u","properties":{"a":'
        + b"[" * depth
        + b"]" * depth
        + b"}}"
    )


def _kinds() -> list[tuple[str, str | None, Callable[[dict[str, Any]], bytes | None]]]:
    identify = {"type": "identify", "event": None}
    return [
        ("broken JSON", "unreadable", lambda m: _packed(m)[:-9]),
        ("no text", "unreadable", lambda m: b"{" + bytes(range(128, 200))),
        ("empty", "unreadable", lambda m: b""),
        ("no value", "unreadable", lambda m: None),
        ("half a character", "unreadable", lambda m: _packed(m | {"event": "\ud800"})),
        ("too deep", "unreadable", lambda m: _nested(DEEP)),
        ("1 MB", "too_large", lambda m: _packed(m | {"properties": {"text": "x" * LARGE}})),
        ("a list", "wrong_type", lambda m: _packed(m | {"properties": [1]})),
        ("a number for a name", "wrong_type", lambda m: _packed(m | {"event": 5})),
        ("an object for a time", "wrong_type", lambda m: _packed(m | {"timestamp": {}})),
        ("1970", "time_out_of_range", lambda m: _packed(m | {"timestamp": "1970-01-01T00:00:00Z"})),
        ("no user", "no_user", lambda m: _packed({k: v for k, v in m.items() if k != "userId"})),
        ("unknown type", "unknown_kind", lambda m: _packed(m | {"type": "purchase"})),
        ("a number of 100 bits", "failed_step", lambda m: _packed(m | identify | {"traits": {"n": 1 << 100}})),
        ("a NUL in a name", None, lambda m: _packed(m | {"event": "pur\x00chase"})),
        ("an unknown event", None, lambda m: _packed(m | {"event": "nobody asked"})),
        ("a zone that is none", None, lambda m: _packed(m | {"event": "x", "context": {"timezone": "../etc"}})),
        ("a template that raises", None, lambda m: _packed(m | {"event": "raising", "properties": {"zero": 0}})),
        ("a template that loops", None, lambda m: _packed(m | {"event": "looping"})),
    ]  # fmt: skip


FAILS = {"a template that raises": "raising", "a template that loops": "looping"}


def poisons(dice: random.Random, messages: Sequence[tuple[str, Mapping[str, Any]]]) -> Iterator[Poison]:
    """Without end: one of each kind, again and again, in the name of a user who is at it, and at that time."""
    count = 0
    while True:
        for name, reason, spoil in _kinds():
            count += 1
            user, event = _event(dice, messages, count)
            yield Poison(name, reason, user.encode(), spoil(event))
        yield Poison("no key", "no_user", None, _packed(_event(dice, messages, 0)[1]))


def _event(
    dice: random.Random, messages: Sequence[tuple[str, Mapping[str, Any]]], number: int
) -> tuple[str, dict[str, Any]]:
    user, message = dice.choice(messages)
    event = {"type": "track", "event": "purchase", "userId": user, "messageId": f"poison-{number}"}
    return user, event | {"timestamp": message["timestamp"]}
