"""The channel against a cluster in memory: order, sharing, leaders that move, and what is never answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiokafka import TopicPartition, errors
from aiokafka.record.default_records import DefaultRecordBatch

from app.kafka_client import produce
from app.kafka_client.produce import ANSWER_S, REQUEST_BYTES, Channel
from tests.app.kafka_client.cluster import Cluster, a_batch
from tests.app.kafka_client.hurried import run

A, B, C, D = (TopicPartition("t", number) for number in range(4))


@pytest.fixture
def cluster() -> Cluster:
    """Broker 1 leads A and B, broker 2 leads C."""
    return Cluster({A: 1, B: 1, C: 2})


@pytest.fixture
def on(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[Channel], Awaitable[Any]]], Any]:
    """Run something with an open channel to the cluster."""
    monkeypatch.setattr(produce, "AIOKafkaClient", lambda **_: cluster)

    def with_channel(work: Callable[[Channel], Awaitable[Any]]) -> Any:
        async def whole() -> Any:
            channel = Channel("", "me")
            await channel.start()
            try:
                return await work(channel)
            finally:
                await channel.close()

        return run(whole())

    return with_channel


def values(cluster: Cluster, place: TopicPartition) -> list[bytes]:
    """What a partition holds."""
    return [record.value for _, _, data in cluster.logs[place].batches for record in DefaultRecordBatch(data)]


def test_batches_of_many_partitions_share_a_request_for_each_broker(cluster: Cluster, on: Any) -> None:
    async def work(channel: Channel) -> list[int]:
        return await asyncio.gather(*(channel.send(place, a_batch(0, b"x", b"y")) for place in (A, B, C)))

    assert on(work) == [0, 0, 0]
    assert sorted((node, set(batches)) for node, batches in cluster.produced) == [(1, {A, B}), (2, {C})]


def test_a_partition_keeps_its_order_one_batch_for_each_request(cluster: Cluster, on: Any) -> None:
    async def work(channel: Channel) -> list[int]:
        sends = [channel.send(place, a_batch(0, b"%d" % n)) for n in range(20) for place in (A, B)]
        return await asyncio.gather(*sends)

    assert on(work) == [n for n in range(20) for _ in (A, B)]
    assert values(cluster, A) == values(cluster, B) == [b"%d" % n for n in range(20)]
    assert cluster.most_under_way == {A: 1, B: 1}
    assert len(cluster.produced) == 20


@pytest.mark.parametrize(
    "error",
    [
        errors.NotLeaderForPartitionError,
        errors.LeaderNotAvailableError,
        errors.RequestTimedOutError,
        errors.NotEnoughReplicasError,
        errors.NotEnoughReplicasAfterAppendError,
        errors.UnknownTopicOrPartitionError,
        errors.KafkaStorageError,
    ],
)
def test_what_may_pass_is_sent_again_the_same_bytes_in_order(cluster: Cluster, on: Any, error: Any) -> None:
    cluster.codes[A] = [error.errno] * 3

    async def work(channel: Channel) -> list[int]:
        return await asyncio.gather(*(channel.send(A, a_batch(0, b"%d" % n)) for n in range(3)))

    assert on(work) == [0, 1, 2]
    assert values(cluster, A) == [b"0", b"1", b"2"]
    assert [batches[A] for _, batches in cluster.produced[:4]] == [a_batch(0, b"0")] * 4


def test_a_partition_that_has_to_wait_does_not_hold_up_its_neighbour(cluster: Cluster, on: Any) -> None:
    cluster.codes[A] = [errors.NotEnoughReplicasError.errno] * 100_000

    async def work(channel: Channel) -> bool:
        slow = asyncio.ensure_future(channel.send(A, a_batch(0, b"slow")))
        for n in range(100):
            await channel.send(B, a_batch(0, b"%d" % n))
        had_to_wait = not slow.done()
        cluster.codes[A] = []
        await slow
        return had_to_wait

    assert on(work)
    assert len(values(cluster, B)) == 100


@pytest.mark.parametrize(
    "error", [errors.InvalidProducerEpoch, errors.OutOfOrderSequenceNumber, errors.MessageSizeTooLargeError]
)
def test_a_refusal_is_raised_and_the_next_batch_leaves(cluster: Cluster, on: Any, error: Any) -> None:
    cluster.codes[A] = [error.errno]

    async def work(channel: Channel) -> Any:
        return await asyncio.gather(
            channel.send(A, a_batch(0, b"0")),
            channel.send(A, a_batch(0, b"1")),
            channel.send(B, a_batch(0, b"2")),
            return_exceptions=True,
        )

    refused, *others = on(work)
    assert isinstance(refused, error)
    assert "t/0" in str(refused)
    assert others == [0, 0]


def test_a_batch_that_was_there_already_is_delivered(cluster: Cluster, on: Any) -> None:
    cluster.codes[A] = [errors.DuplicateSequenceNumber.errno]
    assert on(lambda channel: channel.send(A, a_batch(0, b"0"))) == -1


def test_a_leader_that_moved_is_followed(cluster: Cluster, on: Any) -> None:
    cluster.leaders[A] = 2
    assert on(lambda channel: channel.send(A, a_batch(0, b"0"))) == 0
    assert [node for node, _ in cluster.produced] == [1, 2]
    assert cluster.refreshed == 1


def test_a_topic_that_nobody_leads_yet_waits_until_somebody_does(cluster: Cluster, on: Any) -> None:
    async def work(channel: Channel) -> int:
        sent = asyncio.ensure_future(channel.send(D, a_batch(0, b"0")))
        await asyncio.sleep(5)
        assert not sent.done()
        cluster.leaders[D] = 2
        cluster.logs[D] = type(cluster.logs[A])()
        return await sent

    assert on(work) == 0


def test_a_broker_that_goes_and_comes_back_gets_everything_in_order(cluster: Cluster, on: Any) -> None:
    async def work(channel: Channel) -> list[int]:
        cluster.down = {1}
        sends = [asyncio.ensure_future(channel.send(A, a_batch(0, b"%d" % n))) for n in range(5)]
        await asyncio.sleep(10)
        assert await channel.send(C, a_batch(0, b"elsewhere")) == 0
        cluster.down = set()
        return await asyncio.gather(*sends)

    assert on(work) == [0, 1, 2, 3, 4]
    assert values(cluster, A) == [b"0", b"1", b"2", b"3", b"4"]


def test_while_a_broker_is_away_it_is_asked_once_a_second_and_not_more(cluster: Cluster, on: Any) -> None:
    async def work(channel: Channel) -> None:
        cluster.down = {1}
        sent = asyncio.ensure_future(channel.send(A, a_batch(0, b"0")))
        await asyncio.sleep(20)
        assert 15 < cluster.refreshed < 30
        cluster.down = set()
        await sent

    on(work)


def test_what_is_not_answered_in_its_time_is_given_up(cluster: Cluster, on: Any) -> None:
    async def work(channel: Channel) -> float:
        cluster.down = {1}
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        with pytest.raises(errors.KafkaTimeoutError, match="t/0"):
            await channel.send(A, a_batch(0, b"0"))
        took_s = loop.time() - began_s
        cluster.down = set()
        assert await channel.send(A, a_batch(0, b"1")) == 0
        return took_s

    assert ANSWER_S <= on(work) < ANSWER_S + 30
    assert values(cluster, A) == [b"1"]


def test_a_broker_that_never_answers_holds_up_only_its_own(cluster: Cluster, on: Any) -> None:
    async def work(channel: Channel) -> None:
        cluster.mute = {1}
        lost = asyncio.ensure_future(channel.send(A, a_batch(0, b"0")))
        await asyncio.sleep(0.1)
        assert await channel.send(C, a_batch(0, b"1")) == 0
        with pytest.raises(errors.KafkaTimeoutError):
            await lost

    on(work)


def test_a_sender_that_gave_up_is_not_sent_unless_it_was_under_way(cluster: Cluster, on: Any) -> None:
    async def work(channel: Channel) -> int:
        first, second = (asyncio.ensure_future(channel.send(A, a_batch(0, b"%d" % n))) for n in range(2))
        third = asyncio.ensure_future(channel.send(A, a_batch(0, b"2")))
        await asyncio.sleep(0.0015)  # the first is with the broker
        first.cancel()
        second.cancel()
        return await third

    assert on(work) == 1
    assert values(cluster, A) == [b"0", b"2"]


def test_a_request_holds_no_more_than_it_may(cluster: Cluster, on: Any) -> None:
    large = a_batch(0, b"x" * (REQUEST_BYTES // 2))
    cluster.leaders.update({C: 1})
    cluster.known.update({C: 1})

    async def work(channel: Channel) -> None:
        await asyncio.gather(*(channel.send(place, large) for place in (A, B, C)))

    on(work)
    assert [len(batches) for _, batches in cluster.produced] == [1, 1, 1]


def test_an_answer_that_leaves_a_batch_out_is_asked_for_again(cluster: Cluster, on: Any) -> None:
    answer = cluster._produce
    left_out: list[Any] = []

    async def forgetful(node: int, request: Any) -> Any:
        answers = await answer(node, request)
        if not left_out:
            left_out.append(answers.pop())
        return answers

    cluster._produce = forgetful  # type: ignore[method-assign]
    assert on(lambda channel: channel.send(A, a_batch(0, b"0"))) == 1
    assert len(left_out) == 1


def test_a_failing_client_does_not_end_the_channel(cluster: Cluster, on: Any) -> None:
    """aiokafka raises KeyError where one request has closed the connection of another that timed out with it."""
    send = cluster.send
    failed: list[int] = []

    async def trips(node: int, request: Any) -> Any:
        if not failed:
            failed.append(node)
            raise KeyError((node, 0))
        return await send(node, request)

    cluster.send = trips  # type: ignore[method-assign]
    assert on(lambda channel: channel.send(A, a_batch(0, b"0"))) == 0
    assert failed == [1]


def test_closing_answers_whoever_waits(cluster: Cluster, on: Any) -> None:
    async def work(channel: Channel) -> None:
        sends = [asyncio.ensure_future(channel.send(place, a_batch(0, b"0"))) for place in (A, A, C, D)]
        await asyncio.sleep(0.0015)
        await channel.close()
        for each in sends:
            with pytest.raises(errors.KafkaConnectionError, match="closed"):
                await each
        with pytest.raises(errors.KafkaConnectionError, match="closed"):
            await channel.send(A, a_batch(0, b"0"))

    on(work)
