"""The way of batches to their topics: one request at a time for each broker, with whatever is ready by then.

Appends of many partitions share requests, which is what makes a turn cheap; each keeps its own order: a batch leaves
once the one before it, of the same topic partition, is answered. A batch is sent again, the same bytes, until the
broker has answered or its time is over.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial

from aiokafka import TopicPartition, errors
from aiokafka.client import AIOKafkaClient

from app.kafka_client.protocol import Produced, ProduceRequest

logger = logging.getLogger(__name__)

ANSWER_S = 30.0
RETRY_S = 0.05
RETRY_LAST_S = 1.0
REQUEST_BYTES = 3 << 20
_NOBODY = -1


Heard = Callable[[float, float, int], None]
"""Told of a broker's clock: (asked_s, answered_s) on the loop's stopwatch, and the broker's time between, in ms."""


def _tell_nobody(asked_s: float, answered_s: float, broker_ms: int) -> None:
    """Who does not ask for the broker's time."""


class _Parcel:
    """One batch on its way. `answer`: the offset of its first record."""

    __slots__ = ("answer", "by_s", "data")

    def __init__(self, data: bytes, answer: asyncio.Future[int], by_s: float) -> None:
        self.data = data
        self.answer = answer
        self.by_s = by_s


class Channel:
    """Batches to the leaders of their partitions, over one client of its own."""

    def __init__(self, bootstrap: str, client_id: str, heard: Heard = _tell_nobody) -> None:
        self._bootstrap = bootstrap
        self._client_id = client_id
        self._heard = heard
        self._client: AIOKafkaClient | None = None
        self._lanes: dict[TopicPartition, deque[_Parcel]] = {}
        self._topics: set[str] = set()
        self._led_by_nobody: set[TopicPartition] = set()
        self._busy: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._pump_is_due = False
        self._retry_s = RETRY_S

    @property
    def client(self) -> AIOKafkaClient:
        """For other requests to the same cluster. Raises KafkaConnectionError where it is closed."""
        if self._client is None:
            raise errors.KafkaConnectionError("the channel is closed")
        return self._client

    async def start(self) -> None:
        """Find the cluster. Raises KafkaConnectionError."""
        client = AIOKafkaClient(
            bootstrap_servers=self._bootstrap,
            client_id=self._client_id,
            request_timeout_ms=int(ANSWER_S * 1000),
        )
        try:
            await client.bootstrap()
        except BaseException:
            await client.close()
            raise
        self._client = client

    async def close(self) -> None:
        """Let go of everything: what is not answered never will be."""
        client, self._client = self._client, None
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        for lane in self._lanes.values():
            for parcel in lane:
                if not parcel.answer.done():
                    parcel.answer.set_exception(errors.KafkaConnectionError("the channel is closed"))
        self._lanes.clear()
        if client is not None:
            await client.close()

    async def send(self, place: TopicPartition, data: bytes) -> int:
        """Deliver one batch; the offset of its first record (-1: it was there already, who knows where).

        Raises KafkaError: what the broker refused it for, or KafkaTimeoutError.
        """
        loop = asyncio.get_running_loop()
        parcel = _Parcel(data, loop.create_future(), loop.time() + ANSWER_S)
        if self._client is None:
            raise errors.KafkaConnectionError("the channel is closed")
        if place.topic not in self._topics:
            self._topics.add(place.topic)
            self._client.add_topic(place.topic)
        self._lanes.setdefault(place, deque()).append(parcel)
        self._wake()
        return await parcel.answer

    def _wake(self) -> None:
        if not self._pump_is_due:
            self._pump_is_due = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        """Start a request to every broker that has something waiting and none under way."""
        self._pump_is_due = False
        if self._client is None:
            return
        by_node: dict[int, list[tuple[TopicPartition, _Parcel]]] = {}
        for place in list(self._lanes):
            parcel = self._head(place)
            if parcel is not None:
                by_node.setdefault(self._leader(self._client, place), []).append((place, parcel))
        for node, parcels in by_node.items():
            if node not in self._busy:
                self._busy.add(node)
                work = self._find_leaders() if node == _NOBODY else self._post(node, _fitting(parcels))
                task = asyncio.create_task(work)
                self._tasks.add(task)
                task.add_done_callback(partial(self._free, node))

    def _leader(self, client: AIOKafkaClient, place: TopicPartition) -> int:
        """Whom to send to; nobody where it is not known, or where the last one asked for patience."""
        node = None if place in self._led_by_nobody else client.cluster.leader_for_partition(place)
        return _NOBODY if node is None else node

    def _head(self, place: TopicPartition) -> _Parcel | None:
        """What is to leave next for a place; those that nobody waits for any more, or for too long, are dropped."""
        lane = self._lanes[place]
        now_s = asyncio.get_running_loop().time()
        while lane:
            parcel = lane[0]
            if not parcel.answer.done() and parcel.by_s > now_s:
                return parcel
            if not parcel.answer.done():
                parcel.answer.set_exception(
                    errors.KafkaTimeoutError(
                        f"{place.topic}/{place.partition}: no answer in {ANSWER_S:.0f} s"
                    )
                )
            lane.popleft()
        del self._lanes[place]
        return None

    def _free(self, node: int, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._busy.discard(node)
        if not task.cancelled():
            error = task.exception()
            if error is not None:
                logger.error("a request to broker %s ended in %r", node, error, exc_info=error)
            if self._lanes:
                self._wake()

    async def _find_leaders(self) -> None:
        """Somebody leads them, or will: ask again until then."""
        await asyncio.sleep(self._retry_s)
        self._retry_s = min(2 * self._retry_s, RETRY_LAST_S)
        try:
            async with asyncio.timeout(RETRY_LAST_S):
                await self.client.force_metadata_update()
        except TimeoutError:
            logger.info("no broker says who leads %d partitions", len(self._led_by_nobody))
        self._led_by_nobody.clear()

    async def _post(self, node: int, parcels: list[tuple[TopicPartition, _Parcel]]) -> None:
        """One request and its answers; what is to be tried again stays at the head of its lane."""
        request = ProduceRequest([(place, parcel.data) for place, parcel in parcels], int(ANSWER_S * 1000))
        sent, loop = dict(parcels), asyncio.get_running_loop()
        asked_s = loop.time()
        try:
            answers: list[Produced] = await self.client.send(node, request)
            answered_s = loop.time()
            for place, code, offset, taken_ms in answers:
                if taken_ms >= 0:
                    self._heard(asked_s, answered_s, taken_ms)
                if place in sent and self._answered(place, sent[place], code, offset):
                    del sent[place]
        except (errors.KafkaError, KeyError) as error:  # KeyError: aiokafka's, of a connection just closed
            logger.info("a request to broker %s is tried again: %r", node, error)
        finally:
            self._led_by_nobody.update(sent)
        if not self._led_by_nobody:
            self._retry_s = RETRY_S

    def _answered(self, place: TopicPartition, parcel: _Parcel, code: int, offset: int) -> bool:
        """Settle one batch; False where it must be tried again."""
        error = errors.for_code(code)
        if code and error.retriable:
            return False
        lane = self._lanes.get(place)
        if lane and lane[0] is parcel:
            lane.popleft()
            if not lane:
                del self._lanes[place]
        if parcel.answer.done():
            return True
        if code and error is not errors.DuplicateSequenceNumber:
            parcel.answer.set_exception(error(f"{place.topic}/{place.partition}"))
        else:
            parcel.answer.set_result(offset)
        return True


def _fitting(parcels: Iterable[tuple[TopicPartition, _Parcel]]) -> list[tuple[TopicPartition, _Parcel]]:
    """As many as one request may hold, at least one."""
    chosen: list[tuple[TopicPartition, _Parcel]] = []
    size = 0
    for place, parcel in parcels:
        size += len(parcel.data)
        if chosen and size > REQUEST_BYTES:
            break
        chosen.append((place, parcel))
    return chosen
