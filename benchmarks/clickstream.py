"""A made-up shop's clickstream: the same seed gives the same events, byte for byte.

Users come in sessions of a few events, some hundred at a time; a user's first event ever is an `identify`. Every
event names its device, as Segment's mobile libraries do.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import accumulate
from typing import NamedTuple

import msgspec

BUSIEST = "product_viewed"
WEIGHTS = {
    BUSIEST: 30,
    "product_searched": 14,
    "category_viewed": 12,
    "add_to_cart": 9,
    "App Opened": 9,
    "checkout_started": 5,
    "review_read": 4,
    "wishlist_add": 4,
    "purchase": 4,
    "remove_from_cart": 3,
    "payment_added": 3,
    "promo_viewed": 2,
    "coupon_applied": 1,
}
CATEGORIES = ("shoes", "coats", "bags", "books", "toys", "garden", "kitchen", "music", "games", "sports",
              "phones", "lamps", "chairs", "beds", "rugs", "tea", "coffee", "wine", "pens", "bikes")  # fmt: skip
PRICES = (1, 200)
COUNTRIES = {"FR": "Europe/Paris", "DE": "Europe/Berlin", "US": "America/New_York", "JP": "Asia/Tokyo"}
LIFECYCLES = ("new", "active", "loyal", "lapsing")
SESSIONS = 300
SESSION_EVENTS = (4, 12)
BLOCKED_SHARE = 0.08
SECOND_DEVICE_SHARE = 0.1


class Sent(NamedTuple):
    """One event as a producer sends it."""

    user: str
    value: bytes


class Visitor(NamedTuple):
    """A user: the contexts of their devices and their traits, as JSON."""

    user: str
    contexts: tuple[str, ...]
    traits: str


class Clickstream:
    """Endless events of `users` users. `step_ms` lies between one event and the next."""

    def __init__(self, users: int, start_ms: int, step_ms: float, seed: int = 1) -> None:
        self._dice = random.Random(seed)  # noqa: S311 - the point is that it repeats
        self._users = users
        self._start_ms = start_ms
        self._step_ms = step_ms
        self._known: dict[int, Visitor] = {}
        self._sessions: list[tuple[Visitor, str, int]] = []
        self._names = tuple(WEIGHTS)
        self._bounds = list(accumulate(WEIGHTS.values()))
        self._second = (-1, "")

    def events(self, count: int) -> Iterator[Sent]:
        """The first `count` events."""
        dice, sessions = self._dice, self._sessions
        for number in range(count):
            time = self._iso(self._start_ms + int(number * self._step_ms))
            if len(sessions) < SESSIONS:
                visitor, is_new = self._visitor()
                context = dice.choice(visitor.contexts)
                sessions.append((visitor, context, dice.randint(*SESSION_EVENTS)))
                if is_new:
                    yield Sent(visitor.user, self._identify(number, time, visitor, context))
                    continue
            yield self._next(number, time)

    def _next(self, number: int, time: str) -> Sent:
        sessions = self._sessions
        place = int(self._dice.random() * len(sessions))
        visitor, context, left = sessions[place]
        if left > 1:
            sessions[place] = (visitor, context, left - 1)
        else:
            sessions[place] = sessions[-1]
            sessions.pop()
        return Sent(visitor.user, self._track(number, time, visitor, context))

    def _visitor(self) -> tuple[Visitor, bool]:
        index = int(self._dice.random() * self._users)
        known = self._known.get(index)
        if known is not None:
            return known, False
        made = self._known[index] = _visitor(index, self._dice)
        return made, True

    def _identify(self, number: int, time: str, visitor: Visitor, context: str) -> bytes:
        return (
            f'{{"type":"identify","messageId":"{message_id(number)}","userId":"{visitor.user}",'
            f'"timestamp":"{time}","traits":{visitor.traits},"context":{context}}}'
        ).encode()

    def _track(self, number: int, time: str, visitor: Visitor, context: str) -> bytes:
        random = self._dice.random
        name = self._names[bisect(self._bounds, random() * self._bounds[-1])]
        category = CATEGORIES[int(random() * len(CATEGORIES))]
        price = PRICES[0] + int(random() * (PRICES[1] - PRICES[0]))
        return (
            f'{{"type":"track","messageId":"{message_id(number)}","userId":"{visitor.user}","event":"{name}",'
            f'"timestamp":"{time}","properties":{{"product_id":"p-{number % 997}","category":"{category}",'
            f'"price":{price}.5}},"context":{context}}}'
        ).encode()

    def _iso(self, time_ms: int) -> str:
        second, ms = divmod(time_ms, 1000)
        if self._second[0] != second:
            self._second = (second, datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S"))
        return f"{self._second[1]}.{ms:03}Z"


def message_id(number: int) -> str:
    """An id as long as a UUID, and as little alike its neighbours."""
    mixed = (number * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    return f"{mixed:016x}-{number:010d}"


def _visitor(index: int, dice: random.Random) -> Visitor:
    country = dice.choice(tuple(COUNTRIES))
    devices = 2 if dice.random() < SECOND_DEVICE_SHARE else 1
    push = "blocked" if dice.random() < BLOCKED_SHARE else "allowed"
    traits = {"first_name": f"Name{index}", "country": country, "lifecycle": dice.choice(LIFECYCLES)}
    contexts = tuple(context(f"{index}-{device}", COUNTRIES[country], push) for device in range(devices))
    return Visitor(f"u-{index}", contexts, msgspec.json.encode(traits).decode())


def context(name: str, zone: str, push: str) -> str:
    """What a message of this device says beside the event itself."""
    device = {"id": f"d-{name}", "type": "android", "token": f"token-{name}", "model": "13T", "push": push}
    said = {
        "timezone": zone,
        "locale": "en-GB",
        "app": {"version": "3.2.1"},
        "os": {"name": "android", "version": "14"},
        "device": device,
    }
    return msgspec.json.encode(said).decode()
