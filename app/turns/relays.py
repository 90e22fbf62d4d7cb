"""Mail on its way to the mailboxes: what many partitions send to one topic partition leaves in one batch.

Idempotent, without a fence: receivers drop what they have seen, so a repeat would do no harm; it is only untidy for
other readers.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from aiokafka import TopicPartition, errors
from aiokafka.protocol.transaction import InitProducerIdRequest

from app.kafka_client.batch import Batch, Identity
from app.kafka_client.produce import ANSWER_S, Channel
from app.turns.ports import Mail
from app.turns.watermark import SOURCE

BATCH_BYTES = 900_000
RECORD_OVERHEAD = 40
RETRY_S = 0.1
_LOST = (errors.OutOfOrderSequenceNumber, errors.UnknownProducerId, errors.InvalidProducerEpoch)

Letter = tuple[Mail, bytes]
_Piece = tuple[list[Letter], int]


class _Bundle:
    """Messages of one sender to one place, in order, and who waits for them; several may share that."""

    __slots__ = ("delivered", "is_last", "letters", "size", "time_ms")

    def __init__(
        self, piece: _Piece, time_ms: int, delivered: asyncio.Future[None], *, is_last: bool
    ) -> None:
        self.letters, self.size = piece
        self.time_ms = time_ms
        self.delivered = delivered
        self.is_last = is_last


class _Lane:
    """One place: what waits for it, and under which identity and sequence number it is written."""

    def __init__(self) -> None:
        self.waiting: deque[_Bundle] = deque()
        self.task: asyncio.Task[None] | None = None
        self.identity: Identity | None = None
        self.sequence = 0


class Relays:
    """The mail of one worker; `channel` delivers it, or gives up in its own time."""

    def __init__(self, channel: Callable[[], Channel]) -> None:
        self._channel = channel
        self._lanes: dict[TopicPartition, _Lane] = {}
        self._identity: Identity | None = None
        self._asking = asyncio.Lock()

    async def send(self, place: TopicPartition, letters: Sequence[Letter], time_ms: int) -> None:
        """Deliver messages, each under its source; returns when the broker has them all, in order.

        Raises KafkaError, TimeoutError.
        """
        lane = self._lanes.get(place)
        if lane is None:
            lane = self._lanes[place] = _Lane()
        delivered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        pieces = _cut(letters)
        for piece in pieces:
            lane.waiting.append(_Bundle(piece, time_ms, delivered, is_last=piece is pieces[-1]))
        if lane.task is None:
            lane.task = asyncio.create_task(self._drain(place, lane))
        await delivered

    async def close(self) -> None:
        """Give up what is under way."""
        tasks = [lane.task for lane in self._lanes.values() if lane.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for lane in self._lanes.values():  # a task that never came to run has settled nothing
            lane.task = None
            _settle(lane.waiting, errors.KafkaConnectionError("the relays are closed"))
            lane.waiting.clear()

    async def _drain(self, place: TopicPartition, lane: _Lane) -> None:
        """Batch after batch, until nothing waits."""
        bundles: list[_Bundle] = []
        try:
            while bundles := _together(lane.waiting):
                await self._deliver(place, lane, bundles)
        finally:
            lane.task = None
            _settle([*bundles, *lane.waiting], errors.KafkaConnectionError("the relays are closed"))
            lane.waiting.clear()

    async def _deliver(self, place: TopicPartition, lane: _Lane, bundles: Sequence[_Bundle]) -> None:
        """One batch, and word to whoever waits for it."""
        try:
            try:
                await self._write(place, lane, bundles)
            except _LOST:
                await self._write(
                    place, lane, bundles
                )  # the broker has forgotten us: once more, by a new name
        except Exception as error:  # noqa: BLE001 - handed to whoever sent it
            _settle(bundles, error)
        else:
            _settle(bundles, None)

    async def _write(self, place: TopicPartition, lane: _Lane, bundles: Sequence[_Bundle]) -> None:
        if lane.identity is None:
            lane.identity, lane.sequence = await self._known(), 0
        batch = Batch(lane.identity, lane.sequence)
        for bundle in bundles:
            for message, source in bundle.letters:
                batch.append(message.key, message.value, bundle.time_ms, [(SOURCE, source)])
        try:
            await self._channel().send(place, batch.build())
        except errors.KafkaError:
            lane.identity = self._identity = None  # what became of it nobody knows: the next begins anew
            raise
        lane.sequence = batch.next_sequence

    async def _known(self) -> Identity:
        async with self._asking:
            if self._identity is None:
                self._identity = await _new_identity(self._channel())
            return self._identity


async def _new_identity(channel: Channel) -> Identity:
    """From any broker, asked again until one answers. Raises KafkaError, TimeoutError."""
    client: Any = channel.client
    async with asyncio.timeout(ANSWER_S):
        while True:
            try:
                answer = await client.send(client.get_random_node(), InitProducerIdRequest(None, 0))
                if not answer.error_code:
                    return Identity(answer.producer_id, answer.producer_epoch)
                failure: errors.KafkaError = errors.for_code(answer.error_code)("of the relays")
            except errors.KafkaError as error:
                failure = error
            if not failure.retriable:
                raise failure
            await asyncio.sleep(RETRY_S)


def _together(waiting: deque[_Bundle]) -> list[_Bundle]:
    """What goes into the next batch: in order, none only where nothing waits.

    What nobody waits for any more is left out: its sender gave up, or the piece before it failed, and whoever decides
    next relays all of it again. Were it to arrive now, receivers would take the missing piece for a repeat.
    """
    chosen: list[_Bundle] = []
    size = 0
    while waiting:
        bundle = waiting[0]
        if not bundle.delivered.done():
            size += bundle.size
            if chosen and size > BATCH_BYTES:
                break
            chosen.append(bundle)
        waiting.popleft()
    return chosen


def _cut(letters: Sequence[Letter]) -> list[_Piece]:
    """In as many pieces as their size asks for, each with its size."""
    pieces: list[_Piece] = []
    some: list[Letter] = []
    size = 0
    for letter in letters:
        message, source = letter
        length = len(message.key or b"") + len(message.value or b"") + len(source) + RECORD_OVERHEAD
        if some and size + length > BATCH_BYTES:
            pieces.append((some, size))
            some, size = [], 0
        some.append(letter)
        size += length
    return [*pieces, (some, size)]


def _settle(bundles: Iterable[_Bundle], error: Exception | None) -> None:
    for bundle in bundles:
        if bundle.delivered.done():
            continue
        if error is not None:
            bundle.delivered.set_exception(error)
        elif bundle.is_last:
            bundle.delivered.set_result(None)
