"""A backtest equals the live coordinator: totals, days, numbers per user, caps and control groups (C150, C026)."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from app.cli.output import time_text
from tests.integration.fixtures import Systems
from tests.integration.notes import note
from tests.integration.pacing import MARKER, Paced
from tests.integration.system import System

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

STARTS_MS = 1_795_392_000_000  # 2026-11-23T00:00Z
DAY_MS, MINUTE_MS = 86_400_000, 60_000
VISITS, CARTS, DAYS, USERS = 130, 9, 3, 14
WHAT = "what: {title: T, body: B}"
CAMPAIGNS = {
    "a-total": f"when: {{event: visit, where: {{kind: a}}}}\n"
    f"limits: {{total: 12, per_user: 2, control: 20%}}\n{WHAT}",
    "b-daily": f"when: {{event: visit, where: {{kind: b}}}}\nlimits: {{daily: 4}}\n{WHAT}",
    "c-often": f"when: {{event: visit, where: {{kind: c}}}}\nlimits: {{per_user: 1, ignore_caps: true}}\n{WHAT}",
    "d-both": "when: {event: visit, where: {kind: d}, quiet: {from: '21:00', to: '06:00', then: drop}}\n"
    f"limits: {{total: 9, daily: 4}}\n{WHAT}",
    "e-cart": "when: {event: cart, unless: {event: purchase, within: 10m}}\n"
    f"limits: {{total: 100, ignore_caps: true}}\n{WHAT}",
    MARKER: f"when: {{event: visit}}\nlimits: {{ignore_caps: true, caps_count: false}}\n{WHAT}",
}
TOTALS = {"a-total": 12, "d-both": 9}
ENDS = {"sent": "push", "inbox": "inbox", "dropped": "drop"}


class End(NamedTuple):
    """What became of one message."""

    campaign: str
    at_ms: int
    user: str
    message_id: str
    end: str
    reason: str | None


def files(system: System, *names: str) -> str:
    texts = [f"campaign: {name}\n{CAMPAIGNS[name]}\n" for name in names]
    return system.write("limits.yaml", "---\n".join(texts))


def said(user: str, number: int, event: str, at_ms: int, **properties: Any) -> dict[str, Any]:
    device = {"id": f"d-{user}", "type": "android", "token": f"t-{user}", "push": "allowed"}
    return {"type": "track", "userId": user, "messageId": f"{event}-{number}", "event": event,
            "timestamp": time_text(at_ms), "properties": properties, "context": {"device": device}}  # fmt: skip


def visits(seed: int, count: int, users: int) -> list[tuple[int, str, dict[str, Any]]]:
    """Visits over three days at distinct seconds, each of one kind."""
    dice = random.Random(seed)
    seconds = sorted(dice.sample(range(DAYS * DAY_MS // 1000), count))
    made = []
    for number, second in enumerate(seconds):
        user, at_ms = f"u{dice.randrange(users)}", STARTS_MS + second * 1000
        made.append((at_ms, user, said(user, number, "visit", at_ms, kind=dice.choice("aabccdd"))))
    return made


def live_ends(system: System) -> list[End]:
    found = [
        End(d["campaign"], d["at"], d["user"], d["message_id"], ENDS[d["step"]], d.get("reason"))
        for d in system.decisions()
        if d["step"] in ENDS
    ]
    return sorted(found, key=lambda end: end[:4])


def replayed(system: System, file: str) -> tuple[list[End], Mapping[str, Any]]:
    value = json.loads(system.done("campaign", "backtest", file, "--json").out)
    rows = [
        End(row["campaign"], row["at"], row["user"], row["message_id"], row["end"], row["reason"])
        for row in value["messages"]
    ]
    return sorted(rows, key=lambda end: end[:4]), value["campaigns"]


def until_full(ends: list[End], campaign: str, total: int) -> list[End]:
    """What a campaign did up to the message that used its total up: then the coordinator ends it, moments later."""
    mine = [end for end in ends if end.campaign == campaign]
    reached = [place for place, end in enumerate(mine) if end.end != "drop"]
    assert len(reached) == total, (campaign, len(reached))
    return mine[: reached[-1] + 1]


def feed_in_steps(system: System) -> Paced:
    """Visits, and carts whose timers fire at their own time: each with all that comes of it before the next."""
    dice = random.Random(5)
    steps: list[tuple[int, int, Any]] = [
        (at, 1, (user, message)) for at, user, message in visits(4, VISITS, USERS)
    ]
    for number in range(CARTS):
        at_ms = STARTS_MS + dice.randrange(DAYS * 86_000) * 1000 + 500
        user = f"cart-{number}"
        steps.append((at_ms, 1, (user, said(user, number, "cart", at_ms))))
        if number % 3 == 0:
            steps.append((at_ms + MINUTE_MS, 1, (user, said(user, number, "purchase", at_ms + MINUTE_MS))))
        else:
            steps.append((at_ms + 10 * MINUTE_MS, 2, f"cart-{number}"))
    paced = Paced(system)
    for at_ms, _, step in sorted(steps, key=lambda each: each[:2]):
        if isinstance(step, str):
            paced.tick(time_text(at_ms), "e-cart", step)
        else:
            user, message = step
            paced.feed(user, message, MARKER if message["event"] == "visit" else None)
    paced.close()
    return paced


@pytest.fixture
def app(systems: Systems, request: pytest.FixtureRequest) -> System:
    """An app without campaigns, with two pushes a day for a user."""
    system = systems.make(partitions=request.param)
    system.start_sink()
    system.settings(caps=[{"max": 2, "per": "day"}], zone="UTC")
    system.done("setup")
    return system


@pytest.mark.parametrize("app", [1], indirect=True)
def test_with_one_partition_the_backtest_is_the_coordinator_message_for_message(app: System) -> None:
    """Given totals, days, per user, caps, a control group and timers, then who, when and why dropped are the same.

    A campaign whose total is reached is ended by the coordinator; the backtest goes on saying who would have come. One
    event is for one of the campaigns: what waits for a grant is decided after what the same event did elsewhere.
    """
    file = files(app, *CAMPAIGNS)
    app.done("campaign", "apply", "--schedule", file)
    app.start_workers(1)
    paced = feed_in_steps(app)
    app.settle()
    app.stop_workers()
    lived, (again, _) = live_ends(app), replayed(app, file)
    for campaign in CAMPAIGNS:
        total = TOTALS.get(campaign)
        if total is None:
            assert [e for e in lived if e.campaign == campaign] == [
                e for e in again if e.campaign == campaign
            ]
        else:
            assert until_full(lived, campaign, total) == until_full(again, campaign, total)
    after = set(again) - set(lived)
    assert {end.campaign for end in after} <= TOTALS.keys()
    assert {end.end for end in after} <= {"drop"}
    assert set(lived) <= set(again)
    reasons = Counter(end.reason for end in lived if end.end == "drop")
    pushes = Counter(end.campaign for end in lived if end.end == "push")
    note(
        f"limits against backtest: {len(lived)} messages, {paced.granted} waited for a grant, dropped {dict(reasons)}"
    )
    assert paced.granted > len(TOTALS)
    assert reasons.keys() >= {
        "daily_limit",
        "per_user_limit",
        "user_cap",
        "control_group",
        "quiet_hours",
        "total_limit",
    }
    assert pushes["e-cart"] == CARTS - len(range(0, CARTS, 3))
    assert 4 < pushes["b-daily"] <= 4 * DAYS


CAMPAIGNS_OF_SEVERAL = {
    "b-daily": f"when: {{event: visit}}\nlimits: {{daily: 9, ignore_caps: true}}\n{WHAT}",
    "c-often": CAMPAIGNS["c-often"],
    "f-total": f"when: {{event: visit}}\nlimits: {{total: 25, per_user: 3, ignore_caps: true}}\n{WHAT}",
    "g-control": "when: {event: visit}\n"
    f"limits: {{total: 1000, control: 30%, per_user: 2, ignore_caps: true}}\n{WHAT}",
}


@pytest.mark.soak
@pytest.mark.parametrize("app", [4], indirect=True)
def test_with_several_partitions_the_numbers_are_the_same(app: System) -> None:
    """Given four partitions and two workers, then each campaign sends as many as the backtest says, and drops as many.

    Who gets the last ones is up to the order in which the partitions ask.
    """
    texts = [f"campaign: {name}\n{text}\n" for name, text in CAMPAIGNS_OF_SEVERAL.items()]
    file = app.write("several.yaml", "---\n".join(texts))
    app.done("campaign", "apply", "--schedule", file)
    app.start_workers(2)
    for day in range(DAYS):
        until_ms = STARTS_MS + (day + 1) * DAY_MS
        app.feed([(user, m) for at, user, m in visits(9, 160, 40) if until_ms - DAY_MS <= at < until_ms])
        app.settle()
    app.stop_workers()
    lived, (again, sums) = live_ends(app), replayed(app, file)
    for campaign in CAMPAIGNS_OF_SEVERAL.keys() - {"f-total"}:
        mine, theirs = (
            Counter((end.end, end.reason) for end in ends if end.campaign == campaign)
            for ends in (lived, again)
        )
        assert mine == theirs, campaign
        assert sum(mine.values()) == sums[campaign]["qualified"]
    assert sum(end.end == "push" for end in lived if end.campaign == "f-total") == 25
    assert sum(end.end == "push" for end in again if end.campaign == "f-total") == 25
    assert sum(end.end == "push" for end in lived if end.campaign == "b-daily") == 9 * DAYS
    note(
        f"limits against backtest, four partitions: {len(lived)} messages, the numbers of each campaign the same"
    )
