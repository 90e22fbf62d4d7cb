"""Mail on its way to the mailboxes: what many partitions send to one topic partition leaves in one batch.

Idempotent, without a fence: receivers drop what they have seen, so a repeat would do no harm; it is only untidy for
other readers.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from aiokafka import TopicPartition, errors
from aiokafka.protocol.transaction import InitProducerIdRequest

from app.kafka_client.batch import Batch, Identity
from app.kafka_client.produce import Channel
from app.turns.ports import Mail
from app.turns.watermark import SOURCE

BATCH_BYTES = 900_000
RECORD_OVERHEAD = 40
_LOST = (errors.OutOfOrderSequenceNumber, errors.UnknownProducerId, errors.InvalidProducerEpoch)

Letter = tuple[Mail, bytes]


class _Bundle:
    """Messages of one sender to one place, in order, and who waits for them."""

    __slots__ = ("delivered", "letters", "time_ms")

    def __init__(self, letters: Sequence[Letter], time_ms: int, delivered: asyncio.Future[None]) -> None:
        self.letters = letters
        self.time_ms = time_ms
        self.delivered = delivered

    @property
    def size(self) -> int:
        return sum(
            len(m.key or b"") + len(m.value or b"") + len(source) + RECORD_OVERHEAD
            for m, source in self.letters
        )


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
        """Deliver messages, each under its source; returns when the broker has them. Raises KafkaError."""
        lane = self._lanes.get(place)
        if lane is None:
            lane = self._lanes[place] = _Lane()
        delivered: list[asyncio.Future[None]] = []
        for some in _cut(letters):
            bundle = _Bundle(some, time_ms, asyncio.get_running_loop().create_future())
            lane.waiting.append(bundle)
            delivered.append(bundle.delivered)
        if lane.task is None:
            lane.task = asyncio.create_task(self._drain(place, lane))
        await asyncio.gather(*delivered)

    async def close(self) -> None:
        """Give up what is under way."""
        tasks = [lane.task for lane in self._lanes.values() if lane.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _drain(self, place: TopicPartition, lane: _Lane) -> None:
        """Batch after batch, until nothing waits."""
        bundles: list[_Bundle] = []
        try:
            while lane.waiting:
                bundles = _together(lane.waiting)
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
    client: Any = channel.client
    answer = await client.send(client.get_random_node(), InitProducerIdRequest(None, 0))
    if answer.error_code:
        raise errors.for_code(answer.error_code)()
    return Identity(answer.producer_id, answer.producer_epoch)


def _together(waiting: deque[_Bundle]) -> list[_Bundle]:
    """What goes into the next batch: in order, at least one."""
    chosen = [waiting.popleft()]
    size = chosen[0].size
    while waiting and size + waiting[0].size <= BATCH_BYTES:
        size += waiting[0].size
        chosen.append(waiting.popleft())
    return chosen


def _cut(letters: Sequence[Letter]) -> list[Sequence[Letter]]:
    """In as many pieces as their size asks for."""
    pieces: list[list[Letter]] = [[]]
    size = 0
    for message, source in letters:
        length = len(message.key or b"") + len(message.value or b"") + len(source) + RECORD_OVERHEAD
        if pieces[-1] and size + length > BATCH_BYTES:
            pieces.append([])
            size = 0
        pieces[-1].append((message, source))
        size += length
    return list(pieces)


def _settle(bundles: Sequence[_Bundle], error: Exception | None) -> None:
    for bundle in bundles:
        if bundle.delivered.done():
            continue
        if error is None:
            bundle.delivered.set_result(None)
        else:
            bundle.delivered.set_exception(error)
