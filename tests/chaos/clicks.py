"""Click logs of millions of rows, made row by row: most rows concern no campaign, a few users are busy with everything.

Each row comes as the oracle takes it, with the messages that it is replayed as.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from heapq import heappop, heappush
from itertools import accumulate
from typing import NamedTuple

from tests.oracle.rows import Row
from tests.oracle.synthetic import ANSWERS_S, EVENTS, START_S

DAYS = 5
SPAN_S = DAYS * 24 * 60 * 60
PLAIN = ("product_view", "home", "search", "catalog", "review_read")
COLD_USERS = 100_000
ROWS_OF_A_BUSY_USER = 50
CHANGES_SHARE = 0.02
NAMES = tuple(EVENTS)
BOUNDS = list(accumulate(EVENTS.values()))
ANSWERS = ("purchase", "purchase", "add_to_cart", "payment_error")


class Click(NamedTuple):
    """One row, and its messages as (key, value) pairs for the topic of events."""

    row: Row
    messages: list[tuple[bytes, bytes]]


def clicks(seed: int, rows: int, busy_share: float) -> Iterator[Click]:
    """That many rows, evenly over some days; `busy_share` of them by busy users."""
    dice = random.Random(seed)
    busy_users = max(20, int(rows * busy_share / ROWS_OF_A_BUSY_USER))
    lifecycles: dict[str, str] = {}
    answers: list[tuple[int, int, str, str]] = []
    for number in range(rows):
        at_s = START_S + number * SPAN_S // rows
        if answers and answers[0][0] <= at_s:
            _, _, user, event = heappop(answers)
        elif dice.random() < busy_share:
            user, event = _busy(dice, busy_users)
            if event == "add_to_cart" and dice.random() < 0.5:
                heappush(answers, (at_s + dice.choice(ANSWERS_S), number, user, dice.choice(ANSWERS)))
        else:
            user, event = (
                f"cold_{int(dice.random() * COLD_USERS):06d}",
                PLAIN[int(dice.random() * len(PLAIN))],
            )
        known = lifecycles.get(user)
        if known is None or (event == "promo_page" and dice.random() < CHANGES_SHARE):
            lifecycles[user] = dice.choice(("new", "new", "returning"))
        row = Row(number, at_s, user, event, lifecycles[user])
        yield Click(row, _messages(row, known))


def _busy(dice: random.Random, users: int) -> tuple[str, str]:
    event = dice.choices(NAMES, cum_weights=BOUNDS)[0]
    return f"busy_{int(dice.random() * users):05d}", event


def _messages(row: Row, known: str | None) -> list[tuple[bytes, bytes]]:
    key, time = row.user.encode(), _iso(row.at_s)
    track = (
        f'{{"type":"track","messageId":"row-{row.number}","userId":"{row.user}","event":"{row.event}",'
        f'"timestamp":"{time}","properties":{{}}}}'
    )
    if known == row.lifecycle:
        return [(key, track.encode())]
    context = f',"context":{{"device":{_device(row.user)}}}' if known is None else ""
    identify = (
        f'{{"type":"identify","messageId":"row-{row.number}-traits","userId":"{row.user}","timestamp":"{time}",'
        f'"traits":{{"platform":"mobile","user_lifecycle":"{row.lifecycle}"}}{context}}}'
    )
    return [(key, identify.encode()), (key, track.encode())]


def _device(user: str) -> str:
    """The user's one device; the oracle's rule says who has blocked pushes."""
    push = "blocked" if user.endswith("7") else "allowed"
    return f'{{"id":"dev-{user}","type":"android","token":"tok-{user}","push":"{push}"}}'


@lru_cache(maxsize=16)
def _iso(at_s: int) -> str:
    """Many rows in a row have the same second."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
