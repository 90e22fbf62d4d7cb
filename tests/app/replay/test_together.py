"""Partitions that go together: each decides what it decides alone, and what they share is in the order of time."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Limits, When
from app.kafka_client.received import Received
from app.partitioning import partition_of
from app.replay.arrivals import End
from app.replay.neighbours import Neighbours
from app.replay.stretch import Answer, Question, Replaying
from app.replay.together import Lane, run_together
from tests.app.replay.test_engine import BASE_MS, RULES, campaigns, log
from tests.domain.makers import a_campaign

HOUR_MS = 3_600_000


def question(to_ms: int | None = None, rules: AppRules = RULES) -> Question:
    return Question("", "events", tuple(campaigns()), rules, 0, to_ms)


def records(messages: Sequence[dict[str, Any]]) -> list[Received]:
    found = []
    for offset, message in enumerate(messages):
        at_ms = int(message["timestamp"] * 1000)
        value = json.dumps(message).encode()
        found.append(Received("events", 0, offset, at_ms, message.get("userId", "").encode(), value, ()))
    return found


async def chunks_of(records: Sequence[Received]) -> AsyncIterator[Sequence[Received]]:
    for start in range(0, len(records), 7):
        yield records[start : start + 7]


async def together(asked: Question, *partitions: Sequence[dict[str, Any]]) -> list[Answer]:
    neighbours = Neighbours(lambda user: int(user.partition("-")[0]))
    lanes = [
        Lane(Replaying(asked, number, neighbours), chunks_of(records(messages)))
        for number, messages in enumerate(partitions)
    ]
    await run_together(lanes, lambda taken: None)
    return [lane.close() for lane in lanes]


def apart(asked: Question, *partitions: Sequence[dict[str, Any]]) -> list[Answer]:
    answers = []
    for messages in partitions:
        replaying = Replaying(asked)
        replaying.take(records(messages))
        answers.append(replaying.close())
    return answers


def of_partition(seed: int) -> list[dict[str, Any]]:
    """A disorderly log whose users and tokens nobody else has."""
    text = json.dumps(log(seed, 300)).replace('"u', f'"{seed}-u')
    made: list[dict[str, Any]] = json.loads(text.replace(f'"{seed}-userId"', '"userId"'))
    return made


@pytest.mark.parametrize("to_ms", [None, BASE_MS + 2 * HOUR_MS])
@pytest.mark.parametrize("rules", [RULES, AppRules(caps=RULES.caps)])
async def test_each_decides_what_it_decides_alone(to_ms: int | None, rules: AppRules) -> None:
    """Given three partitions that share nothing, when they go together, then nothing is another than apart."""
    if not rules.stream_clock and to_ms is None:
        to_ms = BASE_MS + 24 * HOUR_MS
    partitions = [of_partition(seed) for seed in (0, 1, 2)]
    asked = question(to_ms, rules)
    found = await together(asked, *partitions)
    assert found == apart(asked, *partitions)
    ends = Counter(row.end for answer in found for row in answer.rows)
    assert ends[End.PUSH] > 10
    assert ends[End.DROP] > 10


async def test_a_token_that_moves_to_another_partition_leaves_its_device_suspended() -> None:
    """Given a token that a user of another partition brings in between, then the first user is not pushed any more."""

    def view(user: str, minute: int) -> dict[str, Any]:
        return {"type": "track", "event": "view", "userId": user, "timestamp": BASE_MS / 1000 + 60 * minute}

    def arrived(user: str, minute: int) -> dict[str, Any]:
        device = {"id": "d", "type": "android", "token": "one and the same"}
        context = {"device": device}
        return view(user, minute) | {"type": "identify", "traits": {"name": "Ada"}, "context": context}

    first = [arrived("0-first", 0), view("0-first", 1), view("0-first", 30)]
    second = [arrived("1-second", 10), view("1-second", 40)]
    found = [
        [(row.user, row.end) for row in answer.rows] for answer in await together(question(), first, second)
    ]
    assert found == [[("0-first", End.PUSH), ("0-first", End.INBOX)], [("1-second", End.PUSH)]]
    alone = [[row.end for row in answer.rows] for answer in apart(question(), first, second)]
    assert alone == [[End.PUSH, End.PUSH], [End.PUSH]]


async def test_what_was_done_before_the_login_is_the_user_s_in_whatever_partition() -> None:
    """Given a cart of an anonymous id in another partition, when they buy after the login, then nothing is sent."""

    def said(minute: int, **more: Any) -> dict[str, Any]:
        time = {"messageId": f"m{minute}-{more.get('event')}", "timestamp": BASE_MS / 1000 + 60 * minute}
        return {"type": "track", **time, **more}

    device = {"context": {"device": {"id": "d", "type": "android", "token": "t"}}}
    cart = {"event": "cart", "properties": {"id": "x"}}
    anonymous = [
        said(0, anonymousId="0-anonymous", **cart, **device),
        said(60, userId="0-other", event="other"),
    ]
    login = said(2, userId="1-ada", anonymousId="0-anonymous", **(device | {"type": "identify"}))
    bought = said(3, userId="1-ada", event="purchase", properties={"id": "x"})
    left = [login, said(60, userId="1-other", event="other")]
    kept = await together(question(), anonymous, left)
    assert {(row.user, row.campaign, row.end) for answer in kept for row in answer.rows} == {
        ("1-ada", "restart", End.PUSH),
        ("1-ada", "each", End.PUSH),
    }
    gone = await together(question(), anonymous, [login, bought, left[-1]])
    assert [row for answer in gone for row in answer.rows] == []


@pytest.mark.parametrize(
    ("limits", "pushed", "reason"),
    [
        (Limits(total=3), ["0-a", "1-a", "2-a"], "total_limit"),
        (Limits(daily=2), ["0-a", "1-a", "0-c", "1-c"], "daily_limit"),
    ],
)
async def test_a_limit_is_one_for_all_partitions(limits: Limits, pushed: list[str], reason: str) -> None:
    """Given carts in three partitions over two days, then they take of one limit, the earliest first (C026, C027)."""
    campaign = a_campaign(id="limited", when=When("cart"), limits=limits)
    asked = Question("", "events", (campaign,), RULES, 0, None)
    assert asked.shares_limits

    def cart(user: str, minute: int) -> dict[str, Any]:
        time = BASE_MS / 1000 + 60 * minute
        device = {"device": {"id": f"d-{user}", "type": "android", "token": f"t-{user}"}}
        return {"type": "track", "event": "cart", "userId": user, "timestamp": time, "context": device}

    partitions = [
        [cart(f"{number}-{name}", minute + number) for name, minute in (("a", 0), ("b", 10), ("c", 1440))]
        for number in range(3)
    ]
    rows = [row for answer in await together(asked, *partitions) for row in answer.rows]
    rows.sort(key=lambda row: row.at_ms)
    assert [row.user for row in rows if row.end is End.PUSH] == pushed
    assert [row.reason for row in rows if row.end is not End.PUSH] == [reason] * (len(rows) - len(pushed))
    assert len(rows) == 9


def test_a_number_per_user_needs_no_other_partition() -> None:
    """Given only a number for each user, then partitions may go apart."""
    campaign = a_campaign(limits=Limits(per_user=1))
    assert not Question("", "events", (campaign,), RULES, 0, None).shares_limits


def test_apart_what_is_meant_for_another_partition_is_counted() -> None:
    """Given a login that claims an id of another partition, when partitions go apart, then it says that once."""
    asked = replace(question(), partitions=2)
    here = partition_of(b"ada", 2, "murmur2")
    elsewhere = next(f"a{n}" for n in range(99) if partition_of(f"a{n}".encode(), 2, "murmur2") != here)
    login = {"type": "identify", "userId": "ada", "anonymousId": elsewhere, "timestamp": BASE_MS / 1000}
    replaying = Replaying(asked, here)
    replaying.take(records([login]))
    assert replaying.close().lost == 1
