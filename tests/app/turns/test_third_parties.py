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
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from faust.events import Event
from faust.transport.consumer import Consumer, ThreadDelegateConsumer
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.transport.drivers.aiokafka import Consumer as DriverConsumer
from faust.transport.drivers.aiokafka import Transport as DriverTransport
from faust.types.tuples import TP, ConsumerMessage

from app.turns import batches

CHECKOUT = Path(__file__).parents[3]
PINNED = ("aiokafka", "faust-streaming", "mode-streaming")


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


# --- aiokafka: the producer -----------------------------------------------------------------------------------


async def test_a_batch_that_is_full_says_so_with_none(producer: AIOKafkaProducer) -> None:
    batch = producer.create_batch()
    assert isinstance(batch, BatchBuilder)
    assert batch.append(key=b"k", value=b"v" * 100, timestamp=1) is not None
    assert batch.append(key=b"k", value=b"v" * 1000, timestamp=1) is None
    assert parameters(producer.send_batch) == ["batch", "topic", "partition"]


# --- aiokafka: the consumer -----------------------------------------------------------------------------------


async def test_a_consumer_asks_its_fetcher_what_to_do_and_knows_who_polls(consumer: AIOKafkaConsumer) -> None:
    """We take the fetcher's work away, and say that somebody polls, or the consumer would leave the group."""
    assert parameters(Fetcher._get_actions_per_node) == ["self", "assignment"]
    routine = inspect.getsource(Fetcher._fetch_requests_routine)
    asked = routine[routine.index("fetch_requests,") : routine.index("_get_actions_per_node(assignment)")]
    order = ("fetch_requests", "reset_requests", "timeout", "invalid_metadata", "resume_futures")
    assert sorted(order, key=asked.index) == list(order)
    state = consumer._subscription
    with state.fetch_context():
        assert state.fetcher_idle_time == 0


# --- aiokafka: the client, records, and requests ---------------------------------------------------------------


def test_a_connection_asks_a_request_for_what_ours_have() -> None:
    """Ours are no subclasses of aiokafka's: these methods are all that a connection uses."""
    send, frame = (
        inspect.getsource(AIOKafkaConnection.send),
        inspect.getsource(AIOKafkaConnection._handle_frame),
    )
    for used in ("request.prepare(self._versions)", "build_request_header(", "request_struct.encode()"):
        assert used in send
    for used in ("request.parse_response_header(resp)", "request.RESPONSE_TYPE", "resp_type.decode(resp)"):
        assert used in frame
    assert parameters(AIOKafkaClient.send) == ["self", "node_id", "request", "group"]
    assert parameters(AIOKafkaClient.coordinator_lookup) == ["self", "coordinator_type", "coordinator_key"]


def test_batches_are_built_and_read_as_we_do() -> None:
    builder = DefaultRecordBatchBuilder(2, 0, 0, 7, 3, 11, 1000)
    assert builder.append(0, 1, b"k", b"v", [("h", b"1")]) is not None
    assert builder.append(1, 1, b"k", b"v" * 1000, []) is None
    batch: Any = MemoryRecords(bytes(builder.build())).next_batch()
    assert (batch.producer_id, batch.producer_epoch, batch.base_sequence) == (7, 3, 11)
    assert batch.validate_crc()
    (record,) = batch
    assert (record.offset, record.timestamp, record.key, record.value) == (0, 1, b"k", b"v")
    assert record.headers == [("h", b"1")]


# --- Faust ----------------------------------------------------------------------------------------------------


def test_the_consumer_has_what_we_call_and_override() -> None:
    expected = {
        "getmany": ["self", "timeout"],
        "stop_flow": ["self"],
        "track_message": ["self", "message"],
        "ack": ["self", "message"],
        "_commit_offsets": ["self", "offsets", "start_new_transaction"],
        "commit": ["self", "topics", "start_new_transaction"],
        "seek_to_committed": ["self"],
        "assignment": ["self"],
    }
    assert {name: parameters(getattr(DriverConsumer, name)) for name in expected} == expected
    assert DriverConsumer._new_consumer_thread is not ThreadDelegateConsumer._new_consumer_thread
    assert inspect.isasyncgenfunction(Consumer.getmany)


def test_every_override_of_ours_overrides_something() -> None:
    own = {"advise", "hand_over", "touch"}
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


def test_a_rebalance_stops_the_flow_before_it_empties_the_streams() -> None:
    """Our fetch ends at `stop_flow`: what came between it and the emptying would be decided with a gap before it."""
    revoked = inspect.getsource(faust.App._on_partitions_revoked)
    assert revoked.index("consumer.stop_flow") < revoked.index("flow_control.clear")
    drain = inspect.getsource(Consumer._drain_messages)
    assert "self.getmany" in drain
    assert "seek_to_committed" in inspect.getsource(Consumer.perform_seek)


def test_a_rebalance_that_finds_us_stopping_does_not_close_the_client() -> None:
    """Faust would close it from the loop of the app, which is not its own; the group would not hear that we leave."""
    assert "self.consumer.close()" in inspect.getsource(faust.App._on_rebalance_when_stopped)
    assert "run_coroutine_threadsafe" in inspect.getsource(AIOKafkaConsumerThread.close)
    assert "self._thread.close()" in inspect.getsource(ThreadDelegateConsumer.close)
    assert batches.BatchConsumer.close is not ThreadDelegateConsumer.close


def test_the_livelock_detector_is_a_task_that_ours_takes_the_place_of() -> None:
    theirs, ours = Consumer._commit_livelock_detector, batches.BatchConsumer._commit_livelock_detector
    assert type(theirs) is type(ours)
    assert theirs is not ours


def test_the_consumer_thread_has_what_we_call_and_override() -> None:
    assert "await self._consumer.start()" in inspect.getsource(AIOKafkaConsumerThread.on_start)
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
