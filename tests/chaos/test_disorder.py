"""Exact duplicates and events out of order (C20): what does not depend on order is the same, the rest is as written."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from app.domain.model.app_rules import AppRules
from app.domain.rules import recent
from tests.chaos.cart_reference import reminded
from tests.chaos.desk import Desk
from tests.flow.test_oracle import demo_campaigns
from tests.integration.judging import LAST_TICK, make_work
from tests.integration.notes import note

RULES = AppRules(max_lateness_ms=1 << 50, stream_clock=True)
ROWS = 6_000
WINDOW = 1_000
SHARE = 0.1
USERS = 250

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(180)]
Message = Mapping[str, Any]


def disordered(messages: Sequence[Message], seed: int) -> tuple[list[Message], int, int]:
    """A tenth of the events twice, a tenth up to a window later: the log, and how many of each."""
    dice, places = random.Random(seed), list[tuple[float, int, Message]]()
    late = twice = 0
    for number, message in enumerate(messages):
        is_late = dice.random() < SHARE
        late += is_late
        places.append((number + is_late * dice.uniform(1, WINDOW), number, message))
        if dice.random() < SHARE:
            twice += 1
            places.append((number + dice.uniform(0, WINDOW), number, message))
    return [message for _, _, message in sorted(places, key=lambda each: each[:2])], late, twice


async def sent_of(data: Path, log: Sequence[Message]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Decide a log: for each campaign the ids that were sent or kept for the inbox, and the triggers behind them."""
    one = Desk(data, demo_campaigns(), RULES)
    one.feed([*log, {"type": "tick", "timestamp": LAST_TICK}])
    await one.decided()
    ended = [each for each in one.decisions() if each["step"] in {"sent", "inbox"}]
    await one.close()
    names = {each["campaign"] for each in ended}
    ids = {name: sorted(each["message_id"] for each in ended if each["campaign"] == name) for name in names}
    triggers = {
        name: sorted(each["trigger"]["event_id"] for each in ended if each["campaign"] == name)
        for name in names
    }
    return ids, triggers


def log_of(seed: int, rows: int = ROWS) -> tuple[list[Message], list[Message]]:
    """Who people are, in order, and what they do."""
    messages = [message for _, message in make_work(seed, rows, max(USERS, rows // 24)).messages]
    known = [message for message in messages if message["type"] == "identify"]
    first: dict[str, Message] = {}
    for message in known:
        first.setdefault(message["userId"], message | {"timestamp": "2024-01-01T00:00:00Z"})
    return list(first.values()), [message for message in messages if message["type"] == "track"]


async def test_what_does_not_depend_on_order_is_as_in_a_clean_run(tmp_path: Path) -> None:
    """Given a log in disorder, then instant and held campaigns send what they send in order, each once."""
    people, events = log_of(101)
    log, late, twice = disordered(events, 102)
    clean, _ = await sent_of(tmp_path / "clean", [*people, *events])
    found, triggers = await sent_of(tmp_path / "found", [*people, *log])
    note(f"disorder: {late} late, {twice} twice; {sum(map(len, found.values()))} messages")
    assert late > 0
    assert twice > 0
    for campaign in ("payment-help", "welcome-offer", "night-owl"):
        assert found[campaign] == clean[campaign]
        assert len(found[campaign]) == len(set(found[campaign]))
    assert triggers["cart-reminder"] == reminded(log)
    assert triggers["cart-reminder"] != reminded(events)


async def test_a_build_that_knows_no_repeat_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a build that takes every event for a new one, then the same check sees what it sends twice."""
    people, events = log_of(103)
    log, _, _ = disordered(events[:1500], 104)
    monkeypatch.setattr(recent, "is_new", lambda _activity, _message_id: True)
    found, triggers = await sent_of(tmp_path, [*people, *log])
    assert len(found["payment-help"]) > len(set(found["payment-help"]))
    assert triggers["cart-reminder"] != reminded(log)
