"""Partitions that go together: each decides what it decides alone, and what they share is in the order of time."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from app.domain.model.app_rules import AppRules
from app.kafka_client.received import Received
from app.replay.arrivals import End
from app.replay.engine import Holders
from app.replay.stretch import Answer, Question, Replaying
from app.replay.together import Lane, run_together
from tests.app.replay.test_engine import BASE_MS, RULES, campaigns, log

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
    holders: Holders = {}
    lanes = [Lane(Replaying(asked, holders), chunks_of(records(messages))) for messages in partitions]
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
    text = json.dumps(log(seed, 300)).replace('"u', f'"p{seed}-u')
    made: list[dict[str, Any]] = json.loads(text.replace(f'"p{seed}-userId"', '"userId"'))
    return made


@pytest.mark.parametrize("to_ms", [None, BASE_MS + 2 * HOUR_MS])
@pytest.mark.parametrize("rules", [RULES, AppRules(caps=RULES.caps)])
async def test_each_decides_what_it_decides_alone(to_ms: int | None, rules: AppRules) -> None:
    """Given three partitions that share nothing, when they go together, then nothing is another than apart."""
    if not rules.stream_clock and to_ms is None:
        to_ms = BASE_MS + 24 * HOUR_MS
    partitions = [of_partition(seed) for seed in (1, 2, 3)]
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

    first = [arrived("first", 0), view("first", 1), view("first", 30)]
    second = [arrived("second", 10), view("second", 40)]
    found = [
        [(row.user, row.end) for row in answer.rows] for answer in await together(question(), first, second)
    ]
    assert found == [[("first", End.PUSH), ("first", End.INBOX)], [("second", End.PUSH)]]
    alone = [[row.end for row in answer.rows] for answer in apart(question(), first, second)]
    assert alone == [[End.PUSH, End.PUSH], [End.PUSH]]
