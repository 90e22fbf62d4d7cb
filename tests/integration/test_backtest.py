"""A backtest equals what the live engine decided over the same log, message for message (C150)."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from app.cli.output import time_text
from app.clock import now_ms
from tests.integration.fixtures import Systems
from tests.integration.judging import LAST_TICK, make_work
from tests.integration.notes import note
from tests.integration.system import DEMO_CAMPAIGNS, System
from tests.integration.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

ENDS = {"sent": "push", "inbox": "inbox", "dropped": "drop"}
MORE = """\
campaign: each-cart
when:
  event: add_to_cart
  unless: {event: purchase, within: 30m}
  repeat: each
  delay: 1h
  ends: "2024-01-05T12:00"
who: {user: platform, is: mobile}
what: {title: "{{ event.name }}", body: Still there?}
limits: {caps_count: false}
---
campaign: wish
when:
  event: wishlist_add
  unless: {event: purchase, within: 2h}
  quiet: {from: "22:00", to: "07:00", then: hold}
what: {title: "For {{ user.nickname }}", body: A wish, missing: drop}
---
campaign: early-days
when: {event: product_view, ends: "2024-01-04", quiet: {from: "12:00", to: "13:00", then: drop}}
what: {title: A look, body: "{{ user.platform }}"}
"""


@pytest.fixture(scope="module")
def lived(shared_systems: Systems) -> System:
    """An app whose worker has decided on a log with late events, ticks included; the worker is stopped."""
    system = shared_systems.make()
    more = system.write("more.yaml", MORE)
    system.set_up([*DEMO_CAMPAIGNS, more])
    system.start_workers(1)
    system.feed(disorderly(make_work(seed=26, rows=1_500, users=60).messages))
    system.tick(LAST_TICK)
    system.settle()
    system.stop_workers()
    return system


def disorderly(messages: Iterable[tuple[str, Mapping[str, Any]]]) -> list[tuple[str, Mapping[str, Any]]]:
    """Every tenth message some places later than it belongs, every fiftieth far too late, some twice."""
    dice = random.Random(26)
    placed: list[tuple[float, tuple[str, Mapping[str, Any]]]] = []
    for place, message in enumerate(messages):
        chance = dice.random()
        late = 500 if chance < 0.02 else dice.randrange(1, 30) if chance < 0.12 else 0
        placed.append((place + late, message))
        if dice.random() < 0.02:
            placed.append((place + late + 3, message))
    return [message for _, message in sorted(placed, key=lambda each: each[0])]


def lived_through(system: System) -> Counter[tuple[Any, ...]]:
    """What the worker's decisions say became of each message."""
    return Counter(
        (
            each["message_id"],
            each["user"],
            each["campaign"],
            each["at"],
            ENDS[each["step"]],
            each.get("reason"),
        )
        for each in system.decisions()
        if each["step"] in ENDS
    )


def replayed(said: Mapping[str, Any]) -> Counter[tuple[Any, ...]]:
    return Counter(
        (row["message_id"], row["user"], row["campaign"], row["at"], row["end"], row["reason"])
        for row in said["messages"]
    )


def all_campaigns(system: System) -> str:
    texts = [Path(path).read_text(encoding="utf-8") for path in DEMO_CAMPAIGNS]
    return system.write("all.yaml", "\n---\n".join([*texts, MORE]))


@pytest.mark.parametrize("manner", [(), ("--in-order",)])
def test_the_backtest_says_of_every_message_what_the_engine_did(
    lived: System, manner: tuple[str, ...]
) -> None:
    """Given a log with late and repeated events, when seven campaigns are replayed over it, then all is the same."""
    said = json.loads(lived.done("campaign", "backtest", all_campaigns(lived), *manner, "--json").out)
    expected = lived_through(lived)
    assert replayed(said) == expected
    qualified = Counter(each["campaign"] for each in lived.decisions() if each["step"] == "qualified")
    assert {name: sums["qualified"] for name, sums in said["campaigns"].items()} == qualified
    reasons = Counter(row[5] for row in expected if row[4] == "drop")
    note(
        f"backtest: {len(expected)} messages of 7 campaigns as the engine decided them, dropped: {dict(reasons)}"
    )
    assert reasons.keys() >= {"user_cap", "quiet_hours", "cancelled", "missing_variable", "outside_schedule"}
    assert all(any(row[4] == end for row in expected) for end in ENDS.values())


def test_what_is_after_the_window_is_not_in_the_answer(lived: System) -> None:
    """Given the same log, when the window ends at its third day, then the messages until then are the same."""
    end_ms = 1_704_240_000_000  # 2024-01-03
    said = json.loads(
        lived.done("campaign", "backtest", all_campaigns(lived), "--to", "2024-01-03T00:00:00Z", "--json").out
    )
    expected = Counter({row: count for row, count in lived_through(lived).items() if row[3] < end_ms})
    assert replayed(said) == expected
    assert 0 < len(expected) < len(lived_through(lived))
    held = sum(sums["held"] for sums in said["campaigns"].values())
    qualified = sum(sums["qualified"] for sums in said["campaigns"].values())
    assert qualified == sum(expected.values()) + held


REMINDER = """\
campaign: reminder
when: {event: cart, unless: {event: purchase, within: 2s}}
what: {title: Still there?, body: Your cart is}
---
campaign: thanks
when: {event: purchase, delay: 1s}
what: {title: Thank you, body: It comes}
"""


def test_by_the_wall_clock_the_messages_are_the_same_within_moments(systems: Systems) -> None:
    """Given carts left, bought, and bought too late by the wall clock, when replayed, then the ends are the same."""
    system = systems.make(partitions=1, clock="wall")
    file = system.write("reminder.yaml", REMINDER)
    system.start_sink()
    system.settings(caps=[])
    system.done("setup")
    system.done("campaign", "apply", "--schedule", file)
    system.start_workers(1)
    ahead_ms = 3_600_000
    for user in ("left", "bought", "late"):
        system.feed(said_now(user, "cart"))
    system.feed(said_now("ahead", "other", ahead_ms) + said_now("bought", "purchase"))
    until(
        lambda: ends(system) >= {("left", "reminder"), ("late", "reminder"), ("bought", "thanks")},
        60,
        "they end",
        0.1,
    )
    system.feed(said_now("late", "purchase"))
    until(lambda: ("late", "thanks") in ends(system), 60, "the last one ends", 0.1)
    system.settle()
    system.stop_workers()
    value = json.loads(system.done("campaign", "backtest", file, "--json").out)
    lived = {row[0]: row for row in lived_through(system)}
    again = {row[0]: row for row in replayed(value)}
    assert {key: (*row[1:3], *row[4:]) for key, row in again.items()} == {
        key: (*row[1:3], *row[4:]) for key, row in lived.items()
    }
    too_slow = {("bought", "reminder")}  # where a slow machine fed the purchase after its three seconds
    messages = {row[1:3] for row in lived.values()}
    told = {("left", "reminder"), ("late", "reminder"), ("bought", "thanks"), ("late", "thanks")}
    assert len(lived) == len(messages)
    assert messages - too_slow == told
    apart_ms = max(lived[key][3] - again[key][3] for key in lived)
    note(
        f"backtest by the wall clock: {len(lived)} messages the same, the engine at most {apart_ms} ms later"
    )
    assert all(0 <= lived[key][3] - again[key][3] < 10_000 for key in lived)


def said_now(user: str, event: str, ahead_ms: int = 0) -> list[tuple[str, dict[str, Any]]]:
    """An event of a user with a device."""
    device = {"id": f"dev-{user}", "type": "android", "token": f"tok-{user}", "push": "allowed"}
    message = {"type": "track", "userId": user, "event": event, "timestamp": time_text(now_ms() + ahead_ms)}
    return [(user, message | {"context": {"device": device}})]


def ends(system: System) -> set[tuple[str, str]]:
    return {(each["user"], each["campaign"]) for each in system.decisions() if each["step"] in ENDS}
