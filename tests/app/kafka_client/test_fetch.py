"""The fetch against a cluster in memory: nothing skipped, nothing twice, whatever is asked of it meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from app.kafka_client.fetch import Fetch
from tests.app.kafka_client.cluster import Cluster
from tests.app.kafka_client.conftest import A, B, C, Taker


def test_places_of_a_broker_share_a_poll_and_each_broker_has_its_own(
    cluster: Cluster, taker: Taker, on: Any
) -> None:
    async def work(fetch: Fetch) -> None:
        for place in (A, B, C):
            fetch.start_at(place, 0)
        await asyncio.sleep(1)

    on(work)
    assert [taker.offsets(place) for place in (A, B, C)] == [[0, 1, 2]] * 3
    assert sorted(len(poll) for poll in taker.polls) == [1, 2]
    assert {node: set(wanted) for node, _, wanted, _ in cluster.fetched[:2]} == {1: {A, B}, 2: {C}}


def test_later_requests_name_only_what_has_changed(cluster: Cluster, on: Any) -> None:
    async def work(fetch: Fetch) -> None:
        fetch.start_at(A, 0)
        fetch.start_at(B, 3)
        await asyncio.sleep(0.35)
        fetch.pause(B)
        await asyncio.sleep(0.2)

    on(work)
    assert [(wanted, gone) for _, _, wanted, gone in cluster.fetched[:3]] == [
        ({A: 0, B: 3}, set()),
        ({A: 3}, set()),
        ({}, set()),
    ]
    assert {B} in [gone for *_, gone in cluster.fetched]


def test_it_starts_where_it_is_told_and_goes_on_with_what_comes(
    cluster: Cluster, taker: Taker, on: Any
) -> None:
    async def work(fetch: Fetch) -> None:
        fetch.start_at(A, 1)
        for _ in range(5):
            await asyncio.sleep(0.5)
            cluster.logs[A].add(b"more")
        await asyncio.sleep(0.5)

    on(work)
    assert taker.offsets(A) == [1, 2, 3, 4, 5, 6, 7]


def test_nothing_is_fetched_before_the_first_release_nor_while_held(
    cluster: Cluster, taker: Taker, on: Any
) -> None:
    async def work(fetch: Fetch) -> None:
        fetch.hold()
        fetch.start_at(A, 0)
        await asyncio.sleep(1)
        assert cluster.fetched == []
        fetch.release()
        await asyncio.sleep(1)
        assert taker.offsets(A) == [0, 1, 2]
        fetch.hold()
        cluster.logs[A].add(b"3")
        await asyncio.sleep(1)
        fetch.release()
        await asyncio.sleep(1)
        assert taker.offsets(A) == [0, 1, 2]
        fetch.start_at(A, 3)
        await asyncio.sleep(1)

    on(work)
    assert taker.offsets(A) == [0, 1, 2, 3]


def test_a_release_begins_again_where_each_place_was_started(taker: Taker, on: Any) -> None:
    """Given records handed over into queues that are emptied just before it, then they are handed over again."""

    async def work(fetch: Fetch) -> None:
        fetch.start_at(A, 1)
        await asyncio.sleep(1)
        fetch.release()
        assert fetch.passed(A, 1) == 1
        await asyncio.sleep(1)

    on(work)
    assert taker.offsets(A) == [1, 2, 1, 2]


def during_the_first_poll(cluster: Cluster, act: Callable[[], None]) -> None:
    """Do something while the first answer is on its way."""

    def once(_node: int) -> None:
        cluster.before_answer = None
        act()

    cluster.before_answer = once


@pytest.mark.parametrize(
    ("act", "then", "expected"),
    [
        (lambda fetch: fetch.pause(A), lambda fetch: fetch.resume(A), [0, 1, 2]),
        (lambda fetch: fetch.start_at(A, 2), lambda _: None, [2]),
        (lambda fetch: fetch.start_at(A, 0), lambda _: None, [0, 1, 2]),
        (lambda fetch: fetch.hold(), lambda _: None, []),
        (lambda fetch: (fetch.hold(), fetch.start_at(A, 0)), lambda fetch: fetch.release(), [0, 1, 2]),
        (lambda fetch: (fetch.pause(A), fetch.resume(A)), lambda _: None, [0, 1, 2]),
    ],
    ids=["pause", "start elsewhere", "start at the same", "hold", "hold and start", "pause and resume"],
)
def test_what_is_asked_while_a_poll_is_under_way_counts_from_then_on(
    cluster: Cluster, taker: Taker, on: Any, act: Any, then: Any, expected: list[int]
) -> None:
    async def work(fetch: Fetch) -> None:
        during_the_first_poll(cluster, lambda: act(fetch))
        fetch.start_at(A, 0)
        await asyncio.sleep(1)
        before = taker.offsets(A)
        assert before in ([], expected)
        then(fetch)
        await asyncio.sleep(1)

    on(work)
    assert taker.offsets(A) == expected


def test_a_paused_place_stands_still_and_goes_on_from_there(cluster: Cluster, taker: Taker, on: Any) -> None:
    async def work(fetch: Fetch) -> None:
        fetch.start_at(A, 0)
        fetch.start_at(C, 0)
        await asyncio.sleep(1)
        for place in (A, C):
            fetch.pause(place)
        requests = len(cluster.fetched)
        for place in (A, C):
            cluster.logs[place].add(b"3")
        await asyncio.sleep(5)
        assert len(cluster.fetched) <= requests + 2
        fetch.resume(A)
        await asyncio.sleep(1)
        fetch.resume(C)
        await asyncio.sleep(1)

    on(work)
    assert taker.offsets(A) == taker.offsets(C) == [0, 1, 2, 3]
