"""The fetch against a cluster in memory where something goes wrong: leaders, brokers, sessions, batches, offsets."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from aiokafka import TopicPartition, errors

from app.kafka_client.fetch import Fetch, OutOfRange, Polls
from tests.app.kafka_client.cluster import Cluster, Log, a_batch, reseal
from tests.app.kafka_client.conftest import A, B, C, Taker
from tests.app.kafka_client.test_fetch import during_the_first_poll

D = TopicPartition("t", 3)


def test_a_leader_that_moved_is_followed_without_a_storm_of_requests(
    cluster: Cluster, taker: Taker, on: Any
) -> None:
    async def work(fetch: Fetch) -> None:
        fetch.start_at(A, 0)
        fetch.start_at(B, 0)
        await asyncio.sleep(1)
        cluster.leaders[A] = 2
        cluster.logs[A].add(b"3")
        requests = len(cluster.fetched)
        await asyncio.sleep(0.5)
        assert taker.offsets(A) == [0, 1, 2, 3]
        assert len(cluster.fetched) - requests < 20

    on(work)
    assert cluster.refreshed == 1


def test_a_place_without_a_leader_waits_for_one_and_the_others_go_on(
    cluster: Cluster, taker: Taker, on: Any
) -> None:
    async def work(fetch: Fetch) -> None:
        fetch.start_at(D, 0)
        fetch.start_at(A, 0)
        await asyncio.sleep(10)
        assert taker.offsets(A) == [0, 1, 2]
        assert cluster.refreshed < 20
        cluster.leaders[D] = 2
        cluster.logs[D] = Log()
        cluster.logs[D].add(b"0")
        await asyncio.sleep(2)

    on(work)
    assert taker.offsets(D) == [0]


def test_a_topic_that_is_gone_is_asked_for_once_a_second(cluster: Cluster, taker: Taker, on: Any) -> None:
    async def work(fetch: Fetch) -> None:
        fetch.start_at(A, 0)
        fetch.start_at(B, 0)
        await asyncio.sleep(1)
        del cluster.leaders[A]
        log = cluster.logs.pop(A)
        refreshed = cluster.refreshed
        await asyncio.sleep(10)
        assert 5 < cluster.refreshed - refreshed < 20
        cluster.logs[B].add(b"3")
        cluster.leaders[A], cluster.logs[A] = 1, log
        log.add(b"3")
        await asyncio.sleep(2)

    on(work)
    assert taker.offsets(A) == taker.offsets(B) == [0, 1, 2, 3]


def test_a_broker_that_goes_and_comes_back_is_read_on(cluster: Cluster, taker: Taker, on: Any) -> None:
    async def work(fetch: Fetch) -> None:
        fetch.start_at(A, 0)
        fetch.start_at(C, 0)
        await asyncio.sleep(1)
        cluster.down = {1}
        cluster.logs[A].add(b"3")
        cluster.logs[C].add(b"3")
        await asyncio.sleep(20)
        assert taker.offsets(C) == [0, 1, 2, 3]
        assert cluster.refreshed < 60
        cluster.forget_sessions()
        cluster.down = set()
        await asyncio.sleep(3)

    on(work)
    assert taker.offsets(A) == [0, 1, 2, 3]


def test_a_broker_that_never_answers_is_asked_anew(cluster: Cluster, taker: Taker, on: Any) -> None:
    async def work(fetch: Fetch) -> None:
        cluster.mute = {1}
        fetch.start_at(A, 0)
        await asyncio.sleep(40)
        cluster.mute = set()
        await asyncio.sleep(40)

    on(work)
    assert taker.offsets(A) == [0, 1, 2]


@pytest.mark.parametrize("error", [errors.FetchSessionIdNotFound, errors.InvalidFetchSessionEpoch])
def test_a_session_that_is_lost_begins_anew_and_nothing_is_missed(
    cluster: Cluster, taker: Taker, on: Any, error: Any
) -> None:
    async def work(fetch: Fetch) -> None:
        fetch.start_at(A, 0)
        fetch.start_at(B, 0)
        await asyncio.sleep(1)
        cluster.fetch_codes = [error.errno]
        await asyncio.sleep(0.3)
        cluster.logs[A].add(b"3")
        await asyncio.sleep(1)

    on(work)
    assert taker.offsets(A) == [0, 1, 2, 3]
    assert ((0, 0), {A: 3, B: 3}) in [(session, wanted) for _, session, wanted, _ in cluster.fetched]
    assert cluster.fetch_codes == []


def test_a_broker_that_refuses_every_fetch_is_not_stormed(cluster: Cluster, taker: Taker, on: Any) -> None:
    async def work(fetch: Fetch) -> None:
        cluster.fetch_codes = [errors.UnknownError.errno] * 5
        fetch.start_at(A, 0)
        await asyncio.sleep(0.5)
        assert len(cluster.fetched) < 5
        await asyncio.sleep(10)

    on(work)
    assert taker.offsets(A) == [0, 1, 2]


def test_without_sessions_everything_is_named_and_who_had_something_comes_last(
    cluster: Cluster, taker: Taker, on: Any
) -> None:
    cluster.sessions = False

    async def work(fetch: Fetch) -> None:
        fetch.start_at(A, 0)
        fetch.start_at(B, 3)
        await asyncio.sleep(0.2)

    on(work)
    assert taker.offsets(A) == [0, 1, 2]
    first, second = cluster.fetched[:2]
    assert [first[1], second[1]] == [(0, 0), (0, 0)]
    assert (list(first[2].items()), list(second[2].items())) == ([(A, 0), (B, 3)], [(B, 3), (A, 3)])


def a_wrong_batch(base: int) -> bytes:
    """Its checksum does not hold."""
    data = bytearray(a_batch(base, b"x"))
    data[-2] ^= 1
    return bytes(data)


def a_packed_batch(base: int) -> bytes:
    """Compressed by something that nobody knows."""
    data = bytearray(a_batch(base, b"x"))
    data[22] |= 7
    reseal(data)
    return bytes(data)


@pytest.mark.parametrize(
    ("make", "said"), [(a_wrong_batch, "checksum"), (a_packed_batch, "cramjam")], ids=["corrupt", "codec"]
)
def test_a_batch_that_cannot_be_read_stops_only_its_own_partition_and_says_so_once(
    cluster: Cluster, taker: Taker, on: Any, caplog: pytest.LogCaptureFixture, make: Any, said: str
) -> None:
    cluster.logs[B].put(make(3))

    async def work(fetch: Fetch) -> None:
        fetch.start_at(A, 0)
        fetch.start_at(B, 0)
        await asyncio.sleep(5)
        requests = len(cluster.fetched)
        for n in range(10):
            cluster.logs[A].add(b"%d" % n)
            await asyncio.sleep(1)
        assert len(cluster.fetched) - requests < 300

    with caplog.at_level(logging.ERROR):
        on(work)
    assert taker.offsets(A) == list(range(13))
    assert taker.offsets(B) == [0, 1, 2]
    (text,) = [record.getMessage() for record in caplog.records]
    assert "t/1 from offset 3 " in text
    assert said in text


def test_a_partition_that_is_read_again_after_an_error_goes_on(
    cluster: Cluster, taker: Taker, on: Any
) -> None:
    cluster.codes[A] = [errors.UnknownError.errno, errors.TopicAuthorizationFailedError.errno, 78]

    async def work(fetch: Fetch) -> None:
        fetch.start_at(A, 0)
        await asyncio.sleep(5)

    on(work)
    assert taker.offsets(A) == [0, 1, 2]
    assert cluster.codes[A] == []


def test_records_that_are_gone_let_the_fetch_pass(cluster: Cluster, taker: Taker, on: Any) -> None:
    cluster.logs[A].put(a_batch(3, last=9))

    async def work(fetch: Fetch) -> None:
        assert fetch.passed(A, 0) == 0
        fetch.start_at(A, 0)
        await asyncio.sleep(1)
        assert fetch.passed(A, 2) == 2
        assert fetch.passed(A, 3) == 10
        fetch.hold()
        assert fetch.passed(A, 3) == 3

    on(work)
    assert taker.offsets(A) == [0, 1, 2]


class Bounds:
    """An answer to ListOffsets: version 1."""

    def __init__(self, place: TopicPartition, code: int, offset: int) -> None:
        self.topics = [(place.topic, [(place.partition, code, -1, offset)])]


def know_bounds(cluster: Cluster, code: int = 0) -> None:
    """The cluster answers where A begins and ends."""

    def answer(_node: int, request: Any) -> Bounds:
        ((_, ((_, time),)),) = request._topics
        return Bounds(A, code, cluster.logs[A].begin if time == -2 else cluster.logs[A].end)

    cluster.answer = answer  # type: ignore[method-assign]


@pytest.mark.parametrize("offset", [2, 9])
def test_an_offset_out_of_range_is_told_with_where_the_log_begins_and_ends(
    cluster: Cluster, taker: Taker, on: Any, offset: int
) -> None:
    cluster.logs[A].begin, cluster.logs[A].end = 5, 8
    know_bounds(cluster)

    async def work(fetch: Fetch) -> None:
        fetch.start_at(A, offset)
        fetch.start_at(B, 0)
        await asyncio.sleep(5)

    on(work)
    assert taker.lost == [OutOfRange(A, offset, 5, 8)]
    assert taker.offsets(B) == [0, 1, 2]


def test_an_offset_that_is_in_range_after_all_is_fetched(cluster: Cluster, taker: Taker, on: Any) -> None:
    cluster.codes[A] = [errors.OffsetOutOfRangeError.errno] * 2
    know_bounds(cluster)

    async def work(fetch: Fetch) -> None:
        fetch.start_at(A, 0)
        await asyncio.sleep(5)

    on(work)
    assert taker.lost == []
    assert taker.offsets(A) == [0, 1, 2]


def test_an_offset_out_of_range_that_is_started_elsewhere_meanwhile_is_not_lost(
    cluster: Cluster, taker: Taker, on: Any
) -> None:
    know_bounds(cluster)

    async def work(fetch: Fetch) -> None:
        def move() -> None:
            asyncio.get_running_loop().call_soon(fetch.start_at, A, 1)

        during_the_first_poll(cluster, move)
        fetch.start_at(A, 77)
        await asyncio.sleep(5)

    on(work)
    assert taker.lost == []
    assert taker.offsets(A) == [1, 2]


def test_a_bug_of_the_taker_is_told_and_not_swallowed(taker: Taker, on: Any, caplog: Any) -> None:
    async def work(fetch: Fetch) -> None:
        def explode(_polls: Polls) -> None:
            raise KeyError("a bug")

        fetch._take = explode
        fetch.start_at(A, 0)
        await asyncio.sleep(1)

    with caplog.at_level(logging.CRITICAL):
        on(work)
    assert [str(error) for error in taker.crashed] == ["'a bug'"]


def test_closing_in_the_middle_of_a_poll_ends_everything(cluster: Cluster, taker: Taker, on: Any) -> None:
    async def work(fetch: Fetch) -> None:
        fetch.start_at(A, 0)
        await asyncio.sleep(0.0015)
        await fetch.close()
        requests = len(cluster.fetched)
        fetch.resume(A)
        await asyncio.sleep(1)
        assert len(cluster.fetched) == requests
        assert len(asyncio.all_tasks()) == 1

    on(work)
    assert taker.crashed == []
