"""What happens in a world's topics: rows of a click log, what spoils them, and what must come of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

from app.demo.dataset import in_order
from app.demo.replay import Message, messages
from tests.oracle.outcome import Outcome
from tests.oracle.reference import evaluate
from tests.oracle.rows import epoch_s
from tests.oracle.synthetic import ANSWERS_S, EVENTS, click_log
from tests.simulation.plan import Plan

WALL_START_S = epoch_s("2024-01-01 10:00:00")
SPAN_S = 900
DAYS = 3
LAST_TICK = "2024-01-06T00:00:00Z"
EXPLODES = "explode"
TRIGGERS = {
    "cart-reminder": "add_to_cart",
    "night-owl": "wishlist_add",
    "payment-help": "payment_error",
    "welcome-offer": "promo_page",
}
SPOILT = (
    (b"{not json", "unreadable"),
    (b'{"type":"track","userId":"u","event":7}', "wrong_type"),
    (b'{"type":"nonsense","userId":"u"}', "unknown_kind"),
    (b'{"type":"track","event":"x"}', "no_user"),
)


@dataclass(frozen=True)
class Said:
    """One record for `events`. `at_s`: when it is published under the wall clock; `spoilt`: why nobody can decide."""

    key: bytes | None
    value: bytes
    at_s: int = 0
    spoilt: str | None = None


@dataclass
class Work:
    """Records in the order of the log, and the rows that they come from."""

    said: list[Said]
    users: Sequence[str]
    times_s: dict[str, int]
    rows: Sequence[dict[str, str]]

    def outcomes(self, paused_ms: Mapping[str, int]) -> list[Outcome]:
        """What must come of it, where these campaigns start nothing any more from some time on."""
        rows = self.rows
        for campaign, since_ms in paused_ms.items():
            rows = [
                {**row, "event": "home"}
                if row["event"] == TRIGGERS[campaign] and epoch_s(row["timestamp"]) * 1000 >= since_ms
                else row
                for row in rows
            ]
        return evaluate(rows, LAST_TICK.replace("T", " ").rstrip("Z"))


def make_work(plan: Plan, dice: Random) -> Work:
    """The work of one world, from its dice."""
    fields = _wall_rows(plan, dice) if plan.is_wall else click_log(plan.seed, plan.rows, plan.users, DAYS)
    rows = in_order(fields)
    times_s = {f"row-{number}": epoch_s(row.timestamp) for number, row in enumerate(rows)}
    said: list[Said] = []
    for user, message in messages(rows):
        said += _said(dice, user, message)
    if not plan.is_wall:
        tick = json.dumps({"type": "tick", "timestamp": LAST_TICK}).encode()
        said += [Said(None, tick) for _ in range(plan.partitions)]
    return Work(said, sorted({row.user_id for row in rows}), times_s, fields)


def _said(dice: Random, user: str, message: Message) -> Iterator[Said]:
    """A message, and what comes along: itself once more, or something that nobody can decide on."""
    at_s = epoch_s(str(message["timestamp"]).replace("T", " ").rstrip("Z"))
    record = Said(user.encode(), json.dumps(message).encode(), at_s)
    yield record
    chance = dice.random()
    if chance < 0.05:
        yield record
    elif chance < 0.08:
        bad: dict[str, Any] = {**message, "type": "track", "event": EXPLODES, "messageId": "bad"}
        yield Said(user.encode(), json.dumps(bad).encode(), at_s, "failed_step")
    elif chance < 0.12:
        value, reason = dice.choice(SPOILT)
        yield Said(user.encode(), value, at_s, reason)


def _wall_rows(plan: Plan, dice: Random) -> list[dict[str, str]]:
    """Rows within a quarter of an hour by day, dense with carts that are answered at the edge of their time."""
    made: list[tuple[int, str, str]] = []
    while len(made) < plan.rows:
        at_s, user = WALL_START_S + dice.randrange(5, SPAN_S), f"user_{dice.randrange(plan.users):04d}"
        event = dice.choices(list(EVENTS), weights=list(EVENTS.values()))[0]
        made.append((at_s, user, event))
        if event == "add_to_cart" and dice.random() < 0.5:
            answer = dice.choice(("purchase", "purchase", "add_to_cart"))
            made.append((at_s + dice.choice(ANSWERS_S), user, answer))
    made = sorted(made[: plan.rows], key=lambda each: each[0])
    return [_fields(number, *each) for number, each in enumerate(made)]


def _fields(number: int, at_s: int, user: str, event: str) -> dict[str, str]:
    return {
        "user_id": user,
        "session_id": f"sess_{number}",
        "event": event,
        "timestamp": datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M:%S"),
        "platform": "mobile",
        "acquisition_channel": "organic",
        "user_cohort": "2024-01",
        "user_lifecycle": "new",
    }
