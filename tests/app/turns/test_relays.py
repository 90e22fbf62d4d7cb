"""Mail on its way: shared batches, the order of each sender, and what becomes of a batch that fails."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

import pytest
from aiokafka import TopicPartition, errors
from aiokafka.record.default_records import DefaultRecordBatch

from app.turns.ports import Mail
from app.turns.relays import BATCH_BYTES, Letter, Relays
from app.turns.watermark import SOURCE
from tests.app.kafka_client.hurried import run

A, B = TopicPartition("mail", 0), TopicPartition("mail", 1)
LARGE = b"x" * (BATCH_BYTES // 2)


class Answer(NamedTuple):
    """To InitProducerId."""

    error_code: int
    producer_id: int
    producer_epoch: int


class Wire:
    """A channel in memory, which is also its client. `failures`: what the next batches end in."""

    def __init__(self) -> None:
        self.sent: list[tuple[TopicPartition, DefaultRecordBatch, list[bytes]]] = []
        self.failures: list[Exception] = []
        self.identities = 0
        self.no_identity: list[Any] = []

    @property
    def client(self) -> Wire:
        """For the producer id."""
        return self

    def get_random_node(self) -> int:
        """The only one."""
        return 1

    async def send(self, place: Any, what: Any) -> Any:
        """A batch to its topic, or a request for a producer id."""
        await asyncio.sleep(0.01)
        if isinstance(place, int):
            return self._identity()
        batch: Any = DefaultRecordBatch(what)
        self.sent.append((place, batch, [record.value for record in DefaultRecordBatch(what)]))
        if self.failures:
            raise self.failures.pop(0)
        return len(self.sent)

    def _identity(self) -> Answer:
        if self.no_identity:
            failure = self.no_identity.pop(0)
            if isinstance(failure, Exception):
                raise failure
            return Answer(failure, -1, -1)
        self.identities += 1
        return Answer(0, 100 * self.identities, 0)

    def values(self, place: TopicPartition) -> list[bytes]:
        """Everything that was sent there, in order."""
        return [value for to, _, values in self.sent if to == place for value in values]

    def names(self) -> list[tuple[int, int]]:
        """(producer id, first sequence number) of each batch."""
        return [(batch.producer_id, batch.base_sequence) for _, batch, _ in self.sent]


def letters(*values: bytes, sender: bytes = b"users/0 1") -> list[Letter]:
    """Messages of one sender."""
    return [(Mail("mail", b"k", value), b"%b %d" % (sender, n)) for n, value in enumerate(values)]


@pytest.fixture
def wire() -> Wire:
    """A channel in memory."""
    return Wire()


@pytest.fixture
def relays(wire: Wire) -> Relays:
    """The relays over it."""
    channel: Any = wire
    return Relays(lambda: channel)


def test_what_waits_for_a_place_leaves_in_one_batch_in_order(wire: Wire, relays: Relays) -> None:
    async def work() -> None:
        await asyncio.gather(*(relays.send(A, letters(b"%d" % n), 5) for n in range(4)))
        await relays.send(A, letters(b"4", b"5"), 7)

    run(work())
    assert [values for _, _, values in wire.sent] == [[b"0", b"1", b"2", b"3"], [b"4", b"5"]]
    assert wire.names() == [(100, 0), (100, 4)]


def test_each_message_keeps_its_source_and_time(wire: Wire, relays: Relays) -> None:
    run(relays.send(A, letters(b"a", b"b"), 1234))
    records = list(wire.sent[0][1])
    assert [record.headers for record in records] == [
        [(SOURCE, b"users/0 1 0")],
        [(SOURCE, b"users/0 1 1")],
    ]
    assert {record.timestamp for record in records} == {1234}


def test_places_have_sequence_numbers_of_their_own_under_one_producer_id(wire: Wire, relays: Relays) -> None:
    async def work() -> None:
        await asyncio.gather(relays.send(A, letters(b"0"), 1), relays.send(B, letters(b"1", b"2"), 1))
        await asyncio.gather(relays.send(A, letters(b"3"), 1), relays.send(B, letters(b"4"), 1))

    run(work())
    assert wire.identities == 1
    assert sorted(wire.names()) == [(100, 0), (100, 0), (100, 1), (100, 2)]


def test_more_than_a_batch_leaves_in_pieces_and_is_delivered_with_the_last(
    wire: Wire, relays: Relays
) -> None:
    run(relays.send(A, letters(LARGE + b"0", LARGE + b"1", LARGE + b"2", b"3"), 1))
    assert [len(values) for _, _, values in wire.sent] == [1, 1, 2]
    assert [value[-1:] for value in wire.values(A)] == [b"0", b"1", b"2", b"3"]


def test_after_a_piece_that_failed_no_later_piece_of_the_same_sender_leaves(
    wire: Wire, relays: Relays
) -> None:
    """Else receivers would take the missing piece, once it is relayed again, for a repeat, and drop it."""
    wire.failures = [errors.KafkaTimeoutError()]

    async def work() -> None:
        first = asyncio.ensure_future(relays.send(A, letters(LARGE + b"0", LARGE + b"1", LARGE + b"2"), 1))
        other = asyncio.ensure_future(relays.send(A, letters(b"other", sender=b"users/1 1"), 1))
        with pytest.raises(errors.KafkaTimeoutError):
            await first
        await other

    run(work())
    assert [value[-5:] for value in wire.values(A)] == [b"xxxx0", b"other"]


def test_what_its_sender_gave_up_and_is_not_under_way_does_not_leave(wire: Wire, relays: Relays) -> None:
    async def work() -> None:
        sends = [asyncio.ensure_future(relays.send(A, letters(LARGE + b"%d" % n), 1)) for n in range(3)]
        await asyncio.sleep(0.015)
        sends[0].cancel()
        sends[1].cancel()
        await sends[2]

    run(work())
    assert [value[-1:] for value in wire.values(A)] == [b"0", b"2"]


def test_a_batch_whose_fate_is_unknown_is_told_to_all_in_it_and_the_next_has_a_new_name(
    wire: Wire, relays: Relays
) -> None:
    wire.failures = [errors.KafkaTimeoutError()]

    async def work() -> None:
        failed = await asyncio.gather(
            *(relays.send(A, letters(b"%d" % n), 1) for n in range(2)), return_exceptions=True
        )
        assert [type(each) for each in failed] == [errors.KafkaTimeoutError] * 2
        await relays.send(A, letters(b"2"), 1)

    run(work())
    assert wire.names() == [(100, 0), (200, 0)]


@pytest.mark.parametrize(
    "error", [errors.OutOfOrderSequenceNumber, errors.UnknownProducerId, errors.InvalidProducerEpoch]
)
def test_a_broker_that_has_forgotten_us_gets_the_batch_again_under_a_new_name(
    wire: Wire, relays: Relays, error: Any
) -> None:
    async def work() -> None:
        await asyncio.gather(relays.send(A, letters(b"0"), 1), relays.send(B, letters(b"0"), 1))
        wire.failures = [error()]
        await relays.send(A, letters(b"1"), 1)
        await relays.send(B, letters(b"1"), 1)
        await relays.send(A, letters(b"2"), 1)

    run(work())
    assert wire.names()[2:] == [(100, 1), (200, 0), (100, 1), (200, 1)]


def test_a_producer_id_is_asked_for_until_there_is_one(wire: Wire, relays: Relays) -> None:
    wire.no_identity = [errors.NodeNotReadyError(), errors.GroupLoadInProgressError.errno]
    run(relays.send(A, letters(b"0"), 1))
    assert wire.names() == [(100, 0)]


def test_a_producer_id_that_is_refused_is_an_error_and_one_that_never_comes_too(
    wire: Wire, relays: Relays
) -> None:
    async def work() -> None:
        wire.no_identity = [errors.ClusterAuthorizationFailedError.errno]
        with pytest.raises(errors.ClusterAuthorizationFailedError):
            await relays.send(A, letters(b"0"), 1)
        wire.no_identity = [errors.NodeNotReadyError()] * 1000
        with pytest.raises(TimeoutError):
            await relays.send(A, letters(b"0"), 1)

    run(work())
    assert wire.sent == []


@pytest.mark.parametrize("after_s", [0.0, 0.005, 0.015])
def test_closing_answers_whoever_waits(relays: Relays, after_s: float) -> None:
    """Also where the task that would deliver it has not begun."""

    async def work() -> None:
        async with asyncio.timeout(60):
            sends = [asyncio.ensure_future(relays.send(place, letters(LARGE), 1)) for place in (A, A, A, B)]
            await asyncio.sleep(after_s)
            await relays.close()
            for each in sends:
                with pytest.raises(errors.KafkaConnectionError, match="closed"):
                    await each

    run(work())
