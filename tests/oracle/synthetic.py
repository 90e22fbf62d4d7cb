"""Click logs of any size from a seed, dense with what goes wrong: same instants, nights, caps, edges."""

from __future__ import annotations

import random
from datetime import UTC, datetime

START_S = 1_704_067_200  # 2024-01-01T00:00:00Z
DAY_S = 24 * 60 * 60
EVENTS = {
    "add_to_cart": 5,
    "purchase": 3,
    "payment_error": 2,
    "wishlist_add": 4,
    "promo_page": 3,
    "product_view": 3,
}
ANSWERS_S = (0, 1, 599, 600, 601)
EDGES_S = (9 * 3600 - 1, 9 * 3600, 9 * 3600 + 1, 21 * 3600 - 1, 21 * 3600, DAY_S - 1)


def click_log(seed: int, rows: int, users: int = 40, days: int = 5) -> list[dict[str, str]]:
    """Return as many rows, sorted by time, in the shape of the demo's CSV; the same seed, the same rows."""
    dice = random.Random(seed)
    made: list[tuple[int, str, str]] = []
    while len(made) < rows:
        made += _moment(dice, users, days)
    made = sorted(made[:rows], key=lambda each: each[0])
    return [_fields(dice, number, *each) for number, each in enumerate(made)]


def _moment(dice: random.Random, users: int, days: int) -> list[tuple[int, str, str]]:
    """Return one event of one user; a cart is often answered, at or near the end of its time."""
    user = f"user_{dice.randrange(users):04d}"
    second_of_day = dice.choice(EDGES_S) if dice.random() < 0.1 else dice.randrange(DAY_S)
    at_s = START_S + dice.randrange(days) * DAY_S + second_of_day
    event = dice.choices(list(EVENTS), weights=list(EVENTS.values()))[0]
    moment = [(at_s, user, event)]
    if event == "add_to_cart" and dice.random() < 0.5:
        answer = dice.choice(("purchase", "purchase", "add_to_cart", "payment_error"))
        moment.append((at_s + dice.choice(ANSWERS_S), user, answer))
    return moment


def _fields(dice: random.Random, number: int, at_s: int, user: str, event: str) -> dict[str, str]:
    return {
        "user_id": user,
        "session_id": f"sess_{number:06d}",
        "event": event,
        "timestamp": datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M:%S"),
        "platform": "mobile" if dice.random() < 0.95 else "desktop",
        "acquisition_channel": "organic",
        "user_cohort": "2024-01",
        "user_lifecycle": dice.choice(("new", "new", "returning")),
    }
