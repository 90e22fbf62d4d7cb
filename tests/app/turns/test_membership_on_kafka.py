"""Our member of the consumer group gets over what went wrong with the group, and leaves at once when it stops."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import GroupLoadInProgressError, KafkaError
from confluent_kafka import Consumer

from app.clock import monotonic_s
from app.turns.batches import BatchThread
from app.turns.probe import Probe
from tests.integration.kafka import Kafka
from tests.integration.waiting import until

LIMIT_S = 30.0
REQUEST_S = 15.0
POLL_S = 0.05


@pytest.fixture
def kafka(broker: str) -> Kafka:
    return Kafka(broker)


@pytest.fixture
def topic(kafka: Kafka) -> str:
    name = f"member-{secrets.token_hex(4)}"
    kafka.create(name, 3)
    return name


@pytest.fixture
async def thread(kafka: Kafka, topic: str) -> AsyncIterator[BatchThread]:
    """The consumer thread's work, done on the loop of the test."""
    made = BatchThread.__new__(BatchThread)
    made._consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap,
        group_id=f"group-{topic}",
        heartbeat_interval_ms=200,
        request_timeout_ms=int(REQUEST_S * 1000),
        enable_auto_commit=False,
    )
    await made._consumer.start()
    yield made
    await made._consumer.stop()


@pytest.fixture
def deaf(kafka: Kafka, topic: str) -> Iterator[Consumer]:
    """A member with a heartbeat that takes no part in a rebalance while nobody polls it."""
    settings = {
        "bootstrap.servers": kafka.bootstrap,
        "group.id": f"group-{topic}",
        "session.timeout.ms": 6000,
    }
    made = Consumer(settings | {"partition.assignment.strategy": "roundrobin"})
    made.subscribe([topic])
    until(lambda: made.poll(0.1) or made.assignment(), LIMIT_S, "the deaf member has its partitions")
    yield made
    made.close()


async def soon(ask: Callable[[], Any], what: str) -> None:
    """Ask until it is true, with the loop going on."""
    end_s = monotonic_s() + LIMIT_S
    while not ask():
        assert monotonic_s() < end_s, what
        await asyncio.sleep(POLL_S)


async def test_a_heartbeat_that_was_refused_is_got_over(thread: BatchThread, topic: str) -> None:
    """Given a coordinator that is loading the group, when the loop shows that it is alive, then we join anew."""
    consumer: Any = thread._consumer
    consumer.subscribe([topic])
    await soon(lambda: len(consumer.assignment()) == 3, "all partitions are ours")
    coordinator = consumer._coordinator
    generation, beat, refused = coordinator.generation, coordinator._do_heartbeat, 0

    async def refuse() -> bool:
        nonlocal refused
        refused += 1
        coordinator._do_heartbeat = beat
        raise KafkaError(repr(GroupLoadInProgressError()))

    coordinator._do_heartbeat = refuse
    await soon(lambda: coordinator._pending_exception is not None, "the client gives up its heartbeats")
    await thread.touch()
    await soon(lambda: coordinator.generation > generation, "we have joined anew")
    await soon(lambda: len(consumer.assignment()) == 3, "all partitions are ours again")
    assert refused == 1
    await soon(
        lambda: coordinator._heartbeat_task and not coordinator._heartbeat_task.done(), "it beats again"
    )


async def test_a_client_that_can_join_no_more_is_not_taken_for_well(thread: BatchThread, topic: str) -> None:
    """Given an assignment that the client breaks down over, when the loop shows itself, then it hears of it."""
    consumer: Any = thread._consumer
    coordinator = consumer._coordinator

    async def break_down(*_given: Any) -> None:
        raise AssertionError("given something else than was shared out")

    coordinator._on_join_complete = break_down
    consumer.subscribe([topic])
    await soon(coordinator._coordination_task.done, "the client breaks down")
    with pytest.raises(KafkaError, match="something else"):
        await thread.touch()
    coordinator._coordination_task = asyncio.create_task(asyncio.sleep(0))


async def test_who_stops_while_it_joins_waits_for_nobody(
    thread: BatchThread, kafka: Kafka, topic: str, deaf: Consumer
) -> None:
    """Given a rebalance that another member holds up, when we stop in it, then at once, and we are no member."""
    consumer: Any = thread._consumer
    probe = Probe(kafka.bootstrap, f"group-{topic}")

    def state() -> tuple[str, int]:
        found = probe.ask([(topic, 0)])
        assert found is not None
        assert found.group is not None
        return found.group.state, found.group.members

    assert deaf.assignment()
    consumer.subscribe([topic])
    await soon(lambda: state() == ("PreparingRebalance", 2), "our join waits for the other")
    began_s = monotonic_s()
    await thread.on_thread_stop()
    assert monotonic_s() - began_s < REQUEST_S / 2
    assert state()[1] == 1
