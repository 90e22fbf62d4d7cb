"""Random WHO and `where`, as they stand in files."""

from __future__ import annotations

import random
from typing import Any

from tests.plain.wall import local

LEAVES: tuple[dict[str, Any], ...] = (
    {"user": "name", "is": "Ada"}, {"user": "name", "is_not": "Ada"}, {"user": "name", "is_set": True},
    {"user": "name", "is_not_set": True}, {"user": "name", "starts_with": "A"}, {"user": "name", "ends_with": "o"},
    {"user": "name", "contains": "d"}, {"user": "name", "in": ["Bo", 3]}, {"user": "name", "not_in": ["Bo", 3]},
    {"user": "age", "between": [25, 40]}, {"user": "age", "gte": 40}, {"user": "age", "is": 40},
    {"user": "age", "lt": 25},
    {"user": "age", "is_not": 40}, {"user": "country", "is": "France"}, {"user": "country", "is_not": "US"},
    {"user": "country", "in": ["fr", "Norway"]}, {"user": "country", "not_in": ["usa"]},
    {"user": "gender", "is": "F"},
    {"user": "language", "is": "French"}, {"user": "language", "is_not": "en"}, {"user": "tags", "includes": "a"},
    {"user": "tags", "includes": 3}, {"user": "score", "gt": 1}, {"user": "score", "lte": 2},
    {"user": "score", "is": 2},
    {"user": "score", "is": True}, {"user": "score", "in": [1, 2]}, {"user": "score", "not_in": [2]},
    {"user": "joined", "in_last": "3d"}, {"user": "joined", "before": "2026-03-28T01:00"},
    {"user": "joined", "after": "2026-03-27"}, {"user": "plan.name", "is": "gold"},
    {"user": "plan.name", "is_not": "gold"},
    {"user": "plan.app_version", "gte": "3.9"}, {"user": "timezone", "is": "Europe/Paris"},
    {"push": "allowed"}, {"push": "ask"}, {"push": "blocked"}, {"push_last_session": "allowed"},
    {"push_last_session": "blocked"}, {"reachable": True}, {"near": {"km": 25, "of": [[48.85, 2.35]]}},
    {"near": {"km": 1, "of": [[45.76, 4.84], [48.85, 2.35]]}}, {"device": {"os": "Android"}},
    {"device": {"os": "ios"}},
    {"device": {"app_version": {"gte": "3.10"}}}, {"device": {"app_version": {"lt": "3.10.0"}}},
    {"device": {"app_version": "3.10"}}, {"device": {"app_version": {"is_not": "3.9"}}},
    {"device": {"app_version": {"between": ["3.9", "3.10"]}, "os": "android"}},
    {"device": {"os_version": {"in": ["14", "9"]}}},
    {"device": {"manufacturer": {"is_not": "xiaomi"}}}, {"device": {"make": "xiaomi"}},
    {"device": {"model": {"is_not_set": True}}},
    {"device": {"sdk_version": {"gte": "3.5.1"}}}, {"segment": "fans"}, {"segment": "new"}, {"segment": "unknown"},
)  # fmt: skip
TESTS: tuple[tuple[str, Any], ...] = (
    ("price", 10), ("price", {"gte": 10}), ("price", {"lt": 15}), ("price", {"is_not": 10}),
    ("price", {"between": [5, 10]}),
    ("price", {"in": [5, "10"]}), ("price", {"not_in": [5]}), ("price", {"is_set": True}), ("price", True),
    ("item", "kettle"),
    ("item", {"is_not": "kettle"}), ("item", {"contains": "o"}), ("item", {"is_not_set": True}), ("id", {"is": "x"}),
    ("seen", {"in_last": "1h"}), ("seen", {"before": "2026-11-22T12:00"}), ("seen", {"after": "2026-03-28"}),
    ("seen", {"in_last": "10m"}), ("price", {"gt": 5, "lte": 10}), ("price", {"gt": 5}), ("price", {"gte": 5.0}),
)  # fmt: skip


def where(dice: random.Random, _begins_ms: int) -> dict[str, Any]:
    """One or two properties."""
    return dict(dice.sample(TESTS, dice.choice((1, 1, 2))))


def did(dice: random.Random, begins_ms: int) -> dict[str, Any]:
    """Past behaviour."""
    found: dict[str, Any] = {"did": dice.choice(("cart", "buy", "view", "other"))}
    if dice.random() < 0.6:
        number = dice.randint(0, 3)
        found["times"] = dice.choice(
            (
                {"at_least": number + 1},
                {"at_most": number},
                {"exactly": number},
                {"at_least": 1, "at_most": number + 1},
            )
        )
    if dice.random() < 0.5:
        found["within"] = dice.choice(("5m", "5m", "10m", "10m", "1h", "1d", "30d"))
    if dice.random() < 0.3:
        found["where"] = where(dice, begins_ms)
    is_none = found.get("times") in ({"at_most": 0}, {"exactly": 0})
    if dice.random() < 0.3 and not is_none:
        noon = local(begins_ms, "UTC").date().isoformat() + "T20:00"
        said = dice.choice(
            ("in_last 10m", "in_last 1d", {"before": noon}, {"after": noon}, {"in_last": "1h"})
        )
        found[dice.choice(("first", "last"))] = said
    return found


def audience(dice: random.Random, begins_ms: int, depth: int) -> Any:
    """A condition, or a list of them."""
    draw = dice.random()
    if depth and draw < 0.45:
        of = [audience_of_one(dice, begins_ms, depth - 1) for _ in range(dice.randint(1, 3))]
        return of if draw < 0.15 else {dice.choice(("all", "any", "none")): of}
    return audience_of_one(dice, begins_ms, 0)


def audience_of_one(dice: random.Random, begins_ms: int, depth: int) -> Any:
    """No list."""
    if depth and dice.random() < 0.4:
        of = [audience_of_one(dice, begins_ms, depth - 1) for _ in range(dice.randint(1, 2))]
        return {dice.choice(("all", "any", "none")): of}
    return did(dice, begins_ms) if dice.random() < 0.3 else dict(dice.choice(LEAVES))
