"""When a replay is over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.clock import monotonic_s
from app.demo.errors import DemoError
from app.demo.settling import Said, busy, settle

FIRST, SECOND = "http://127.0.0.1:6066", "http://127.0.0.1:6067"


def a_partition(partition: int, actor: str = "users", **fields: Any) -> dict[str, Any]:
    return {"actor": actor, "partition": partition, "lag": 0, "timers_due": 0, "in_flight": 0} | fields


def test_nothing_is_busy_once_every_partition_of_every_actor_is_at_its_end() -> None:
    said: dict[str, Said] = {
        FIRST: [a_partition(0), a_partition(1, "senders")],
        SECOND: [a_partition(1), a_partition(0, "senders")],
    }
    assert busy(said, 2) == []


def test_each_kind_of_open_work_is_named() -> None:
    said: dict[str, Said] = {FIRST: [a_partition(0, lag=3), a_partition(1, "senders", in_flight=2)]}
    assert busy(said, 2)[:2] == ["users 0: lag 3", "senders 1: in_flight 2"]


def test_a_partition_without_an_owner_is_not_done() -> None:
    assert busy({FIRST: [a_partition(0)]}, 2) == ["the partitions of users that have an owner are [0]"]


def test_a_partition_with_two_owners_is_not_done() -> None:
    said: dict[str, Said] = {FIRST: [a_partition(0)], SECOND: [a_partition(0)]}
    assert busy(said, 1) == ["the partitions of users that have an owner are [0, 0]"]


def test_a_worker_that_does_not_answer_is_not_done() -> None:
    assert busy({FIRST: [a_partition(0)], SECOND: None}, 1) == [f"{SECOND} does not tell of its partitions"]


def test_workers_that_own_nothing_have_decided_nothing() -> None:
    assert busy({FIRST: []}, 1) == ["no partition is owned by a worker"]


def answering(*answers: list[str]) -> Callable[[], Awaitable[list[str]]]:
    """Answer these in turn, and then always the last."""
    left = list(answers)

    async def missing() -> list[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return missing


async def test_calm_once_is_not_settled() -> None:
    calls: list[int] = []
    answer = answering([], ["users 0: lag 1"], [], [])

    async def missing() -> list[str]:
        calls.append(1)
        return await answer()

    started_s = monotonic_s()
    ended_s = await settle(missing, limit_s=30, calm_s=0)
    assert len(calls) == 4
    assert ended_s >= started_s


async def test_what_is_missing_is_said_when_the_time_is_over() -> None:
    with pytest.raises(DemoError, match="not settled after 0 s: users 0: lag 1; night-owl: 2 undecided"):
        await settle(answering(["users 0: lag 1", "night-owl: 2 undecided"]), limit_s=0)
