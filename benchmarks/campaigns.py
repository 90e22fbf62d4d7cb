"""A hundred campaigns over the made-up shop, twenty of them on its busiest event; as a marketer would write them.

Together they clear about one push in twenty events.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from benchmarks.clickstream import BUSIEST, CATEGORIES, COUNTRIES, LIFECYCLES, WEIGHTS

COUNT = 100
ON_BUSIEST = 20
INACTION_EVERY = 5
WHO_EVERY = 3
QUIET_EVERY = 4
IGNORES_CAPS_EVERY = 9
LEAST_PRICE = 165
RARE_PRICE = 199  # what campaigns beyond the first hundred ask for: one event in 200
ANSWERS = {
    BUSIEST: "add_to_cart",
    "App Opened": BUSIEST,
    "product_searched": BUSIEST,
    "category_viewed": BUSIEST,
    "promo_viewed": BUSIEST,
    "purchase": "review_read",
    "review_read": "add_to_cart",
    "wishlist_add": "add_to_cart",
    "remove_from_cart": "add_to_cart",
}
LAST_ANSWER = "purchase"


def campaigns(count: int = COUNT) -> list[dict[str, Any]]:
    """The campaigns as documents of CONTRACT section 2."""
    others = _others()
    return [_campaign(number, BUSIEST if number < ON_BUSIEST else next(others)) for number in range(count)]


def as_yaml(documents: list[dict[str, Any]]) -> str:
    """The documents as YAML text: JSON is YAML."""
    return "".join(f"---\n{msgspec.json.encode(each).decode()}\n" for each in documents)


def _others() -> Iterator[str]:
    """The other events in turn, endlessly."""
    names = [name for name in WEIGHTS if name != BUSIEST]
    while True:
        yield from names


def _campaign(number: int, event: str) -> dict[str, Any]:
    return {
        "campaign": f"bench-{number:03}",
        "name": f"Campaign {number}",
        "when": _when(number, event),
        "what": {
            "title": "{{ user.first_name | default: 'friend' }}, still looking?",
            "body": "{{ event.product_id }} in {{ event.category }} from {{ event.price }} waits for you.",
            "link": "https://shop.example/product/{{ event.product_id }}",
            "data": {"product": "{{ event.product_id }}"},
        },
        "inbox": {"fallback": number % 2 == 0, "ttl": "7d"},
    } | _optional(number)


def _when(number: int, event: str) -> dict[str, Any]:
    least_price = LEAST_PRICE if number < COUNT else RARE_PRICE
    category = CATEGORIES[(number * 7) % len(CATEGORIES)]
    when: dict[str, Any] = {"event": event, "where": {"category": category, "price": {"gte": least_price}}}
    if number % INACTION_EVERY == 0:
        when["unless"] = {"event": ANSWERS.get(event, LAST_ANSWER), "within": "10m"}
        when["repeat"] = ("restart", "keep_first", "each")[number % 3]
    if number % QUIET_EVERY == 0:
        then = "drop" if number % (2 * QUIET_EVERY) == 0 else "hold"
        when["quiet"] = {"from": "22:00", "to": "07:30", "then": then}
    return when


def _optional(number: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if number % WHO_EVERY == 0:
        countries = tuple(COUNTRIES)[: 2 + number % 2]
        lifecycle = {"user": "lifecycle", "in": list(LIFECYCLES[number % 2 :])}
        found["who"] = [{"user": "country", "in": list(countries)}, lifecycle]
    if number % IGNORES_CAPS_EVERY == 0:
        found["limits"] = {"ignore_caps": True}
    return found
