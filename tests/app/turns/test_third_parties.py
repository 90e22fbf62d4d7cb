"""What we rely on in aiokafka and Faust without their promise: a new version that lacks it must fail here first."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import AsyncIterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import faust
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED
from aiokafka.consumer.subscription_state import SubscriptionState, TopicPartitionState
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.producer.transaction_manager import TransactionManager
from faust.events import Event
from faust.transport.consumer import Consumer, ThreadDelegateConsumer
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.transport.drivers.aiokafka import Consumer as DriverConsumer
from faust.transport.drivers.aiokafka import Transport as DriverTransport
from faust.types.tuples import TP, ConsumerMessage

from app.turns import batches

CHECKOUT = Path(__file__).parents[3]
PINNED = ("aiokafka", "faust-streaming", "mode-streaming")
PLACE = TopicPartition("t", 0)


def parameters(function: Any) -> list[str]:
    return list(inspect.signature(function).parameters)


@pytest.fixture
async def producer() -> AsyncIterator[AIOKafkaProducer]:
    """A transactional producer that is never started."""
    made = AIOKafkaProducer(bootstrap_servers="127.0.0.1:1", transactional_id="x", max_batch_size=1000)
    yield made
    await made.stop()


@pytest.fixture
async def consumer() -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer that is never started."""
    made = AIOKafkaConsumer(bootstrap_servers="127.0.0.1:1", fetch_max_wait_ms=1500)
    yield made
    await made.stop()


# --- versions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PINNED)
def test_what_is_installed_is_exactly_what_is_pinned(name: str) -> None:
    text = (CHECKOUT / "requirements.in").read_text(encoding="utf-8")
    (pinned,) = re.findall(rf"^{name}==(\S+)$", text, re.M)
    assert version(name) == pinned


def test_faust_runs_as_the_python_that_our_overrides_see() -> None:
    """NO_CYTHON: the compiled stream and conductor would pass our overrides by."""
    import faust.streams
    import faust.transport.conductor
    import faust.windows

    assert faust.streams.NO_CYTHON
    assert faust.transport.conductor.NO_CYTHON
    for part in (faust.streams, faust.transport.conductor, faust.windows):
        assert str(part.__file__).endswith(".py")
    assert [name for name in sys.modules if re.match(r"(faust|mode)\..*_cython\.\w+$", name)] == []


# --- aiokafka: the appender -----------------------------------------------------------------------------------


async def test_a_transactional_producer_has_a_manager_with_id_and_epoch(producer: AIOKafkaProducer) -> None:
    manager = producer._txn_manager
    assert isinstance(manager, TransactionManager)
    assert not manager.has_pid()
    assert manager.transactional_id == "x"
    manager.set_pid_and_epoch(7, 3)
    assert manager.has_pid()
    assert (manager.producer_id, manager.producer_epoch) == (7, 3)


async def test_a_manager_without_a_transactional_id_sends_plain_idempotent_batches(
    producer: AIOKafkaProducer,
) -> None:
    """`transactional_id = None` takes the producer out of transactions; its sequence numbers go on."""
    manager = producer._txn_manager
    manager.set_pid_and_epoch(7, 3)
    manager.transactional_id = None
    assert manager.sequence_number(PLACE) == 0
    manager.increment_sequence_number(PLACE, 5)
    assert manager.sequence_number(PLACE) == 5


async def test_a_batch_that_is_full_says_so_with_none(producer: AIOKafkaProducer) -> None:
    batch = producer.create_batch()
    assert isinstance(batch, BatchBuilder)
    assert batch.append(key=b"k", value=b"v" * 100, timestamp=1) is not None
    assert batch.append(key=b"k", value=b"v" * 1000, timestamp=1) is None
    assert parameters(producer.send_batch) == ["batch", "topic", "partition"]


# --- aiokafka: the consumer -----------------------------------------------------------------------------------


async def test_a_consumer_reads_wait_and_isolation_when_it_starts_and_not_before(
    consumer: AIOKafkaConsumer,
) -> None:
    assert consumer._fetch_max_wait_ms == 1500
    assert consumer._isolation_level == "read_uncommitted"
    start = inspect.getsource(AIOKafkaConsumer.start)
    assert "fetch_max_wait_ms=self._fetch_max_wait_ms" in start
    assert "isolation_level=self._isolation_level" in start
    assert READ_COMMITTED is not None
    assert batches.FETCH_WAIT_MS < 1500


async def test_how_far_a_fetch_has_gone_stands_in_the_subscription(consumer: AIOKafkaConsumer) -> None:
    state = consumer._subscription
    assert isinstance(state, SubscriptionState)
    assert state.subscription is None
    state.assign_from_user([PLACE])
    assert state.subscription is not None
    assert state.subscription.assignment.state_value(TopicPartition("other", 0)) is None
    place = state.subscription.assignment.state_value(PLACE)
    assert isinstance(place, TopicPartitionState)
    assert not place.has_valid_position
    place.seek(17)
    assert place.has_valid_position
    assert place.position == 17


# --- Faust ----------------------------------------------------------------------------------------------------


def test_the_consumer_has_what_we_call_and_override() -> None:
    expected = {
        "getmany": ["self", "timeout"],
        "_wait_next_records": ["self", "timeout"],
        "perform_seek": ["self"],
        "pause_partitions": ["self", "tps"],
        "resume_partitions": ["self", "tps"],
        "track_message": ["self", "message"],
        "ack": ["self", "message"],
        "_add_gap": ["self", "tp", "offset_from", "offset_to"],
        "_commit_offsets": ["self", "offsets", "start_new_transaction"],
        "commit": ["self", "topics", "start_new_transaction"],
        "seek_to_committed": ["self"],
        "seek_wait": ["self", "partitions"],
        "assignment": ["self"],
    }
    assert {name: parameters(getattr(DriverConsumer, name)) for name in expected} == expected
    assert DriverConsumer._new_consumer_thread is not ThreadDelegateConsumer._new_consumer_thread
    assert Consumer.flow_active is True
    assert inspect.isasyncgenfunction(Consumer.getmany)


def test_every_override_of_ours_overrides_something() -> None:
    own = {"passed", "advise", "_hosts_offset", "fetch_position"}
    for ours, theirs in (
        (batches.BatchConsumer, DriverConsumer),
        (batches.BatchThread, AIOKafkaConsumerThread),
        (batches.BatchTransport, DriverTransport),
    ):
        names = {
            name
            for name in vars(ours)
            if (not name.startswith("__") and name[0].islower()) or name[:2] in {"_a", "_c", "_n"}
        }
        names = {name for name in names if inspect.isfunction(vars(ours)[name])}
        assert [name for name in sorted(names - own) if not hasattr(theirs, name)] == [], ours


def test_what_takes_the_polls_asks_for_what_we_switch_off() -> None:
    """The drain calls `_add_gap`, compares with `_read_offset`, and hands each message on before the next."""
    drain = inspect.getsource(Consumer._drain_messages)
    for used in ("_read_offset", "_add_gap", "self.getmany", "suspend_flow"):
        assert used in drain
    assert "seek_to_committed" in inspect.getsource(Consumer.perform_seek)


def test_the_livelock_detector_is_a_task_that_ours_takes_the_place_of() -> None:
    theirs, ours = Consumer._commit_livelock_detector, batches.BatchConsumer._commit_livelock_detector
    assert type(theirs) is type(ours)
    assert theirs is not ours


def test_the_consumer_thread_has_what_we_call_and_override() -> None:
    assert parameters(AIOKafkaConsumerThread._create_worker_consumer) == ["self", "transport"]
    assert parameters(AIOKafkaConsumerThread._ensure_consumer) == ["self"]
    assert parameters(AIOKafkaConsumerThread.call_thread)[:2] == ["self", "fun"]
    assert parameters(AIOKafkaConsumerThread.assignment) == ["self"]


def test_an_app_counts_generations_and_tells_who_has_what() -> None:
    app = faust.App("contract", broker="kafka://127.0.0.1:1")
    assert app.consumer_generation_id == 0
    assert app.rebalancing is False
    assert callable(app.router.external_topics_metadata)
    for name in ("on_partitions_revoked", "on_partitions_assigned"):
        assert callable(getattr(app, name).connect)


def test_events_and_messages_are_made_as_we_make_them() -> None:
    assert parameters(Event.__init__)[1:] == ["app", "key", "value", "headers", "message"]
    assert parameters(ConsumerMessage.__init__)[1:] == [
        "topic", "partition", "offset", "timestamp", "timestamp_type", "headers", "key", "value", "checksum",
        "serialized_key_size", "serialized_value_size", "tp", "time_in", "time_out", "time_total", "generation_id",
    ]  # fmt: skip
    record = type("Record", (), {"offset": 9, "timestamp": 5000, "timestamp_type": 1})()
    message = batches._message([(TP("t", 3), [record]), (TP("u", 3), [])], generation=4)
    assert (message.tp, message.offset, message.timestamp, message.generation_id) == (("t", 3), 9, 5.0, 4)
