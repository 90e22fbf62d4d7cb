"""The fetch of a worker: one long poll at a time to each broker, over all open partitions, within a fetch session.

Faust's consumer keeps the group; what it would fetch is fetched here, in the loop that decides: no thread in between,
no object but the record itself, and a request that names only what has changed since the last one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, NamedTuple

from aiokafka import TopicPartition, errors
from aiokafka.client import AIOKafkaClient

from app.kafka_client.protocol import Fetched, FetchReply, Session
from app.kafka_client.received import Received, received

logger = logging.getLogger(__name__)

WAIT_MS = 100
ANSWER_S = 30.0
PACE_S = (
    0.002  # a round of polls, turns and requests costs the same for one record as for ten: let it bring more
)
RETRY_S = 0.1
RETRY_LAST_S = 1.0
IN_ALL_BYTES = 4 << 20
EACH_BYTES = 256 << 10
_ELSEWHERE = frozenset(
    each.errno
    for each in (
        errors.NotLeaderForPartitionError,
        errors.UnknownTopicOrPartitionError,
        errors.LeaderNotAvailableError,
        errors.ReplicaNotAvailableError,
        errors.KafkaStorageError,
    )
)
_OUT_OF_RANGE = errors.OffsetOutOfRangeError.errno

Polls = dict[TopicPartition, list[Received]]


class OutOfRange(NamedTuple):
    """The log of a partition does not reach to where we stand: records were deleted, or it is another log."""

    place: TopicPartition
    offset: int
    begin: int
    end: int


class _Place:
    """Where the fetch of one topic partition stands. `handed`: the last offset that was handed over."""

    __slots__ = ("end", "handed", "node", "offset", "paused")

    def __init__(self, offset: int) -> None:
        self.offset = offset
        self.handed = -1
        self.paused = False
        self.node: int | None = None
        self.end = -1


class Fetch:
    """Polls of many topic partitions.

    `take` gets what a poll brought, `lost` hears of an offset out of range, `crashed` of a bug.
    """

    def __init__(
        self,
        bootstrap: str,
        client_id: str,
        take: Callable[[Polls], None],
        lost: Callable[[OutOfRange], None],
        crashed: Callable[[BaseException], None],
    ) -> None:
        self._bootstrap = bootstrap
        self._client_id = client_id
        self._take = take
        self._lost = lost
        self._crashed = crashed
        self._places: dict[TopicPartition, _Place] = {}
        self._client: AIOKafkaClient | None = None
        self._readers: dict[int, asyncio.Task[None]] = {}
        self._guide: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._strangers = asyncio.Event()

    async def start(self, topics: set[str]) -> None:
        """Find the cluster and begin. Raises KafkaConnectionError."""
        self._client = AIOKafkaClient(
            bootstrap_servers=self._bootstrap,
            client_id=self._client_id,
            request_timeout_ms=int(ANSWER_S * 1000),
        )
        await self._client.bootstrap()
        await self._client.set_topics(topics)
        self._guide = self._begin(self._lead())

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            logger.critical("the fetch has ended", exc_info=error)
            self._crashed(error)

    async def close(self) -> None:
        """End."""
        tasks = [task for task in (self._guide, *self._readers.values()) if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self._client is not None:
            await self._client.close()

    def start_at(self, place: TopicPartition, offset: int) -> None:
        """Fetch a topic partition from `offset` on; what is under way of it is not handed over any more."""
        self._places[place] = _Place(offset)
        self._changed.set()
        self._strangers.set()

    def pause(self, place: TopicPartition) -> None:
        """Leave it out."""
        found = self._places.get(place)
        if found is not None:
            found.paused = True

    def resume(self, place: TopicPartition) -> None:
        """Fetch it again, from where it stands."""
        found = self._places.get(place)
        if found is not None:
            found.paused = False
            self._changed.set()

    def drop_all(self) -> None:
        """Fetch nothing until it is said from where."""
        self._places.clear()

    def passed(self, place: TopicPartition, offset: int) -> int:
        """Beyond `offset` where the fetch has gone on and there was no record to hand over (control records)."""
        found = self._places.get(place)
        if found is None or found.handed >= offset:
            return offset
        return max(offset, found.offset)

    def end(self, place: TopicPartition) -> int | None:
        """The end of its log as the last fetch saw it; None where it has not."""
        found = self._places.get(place)
        return None if found is None or found.end < 0 else found.end

    async def _lead(self) -> None:
        """Find the leader of every place that has none, and see that each leader has a reader."""
        client = self._open_client()
        while True:
            self._strangers.clear()
            homeless = 0
            for place, found in self._places.items():
                if found.node is None:
                    node = client.cluster.leader_for_partition(place)
                    found.node = None if node == -1 else node
                    homeless += found.node is None
            for node in {each.node for each in self._places.values() if each.node is not None}:
                if node not in self._readers:
                    self._readers[node] = self._begin(self._read(node))
            self._changed.set()
            if homeless:
                await asyncio.sleep(RETRY_S)
                await self._refresh()
            else:
                await self._strangers.wait()

    def _open_client(self) -> AIOKafkaClient:
        if self._client is None:
            raise errors.KafkaConnectionError("the fetch is not started")
        return self._client

    async def _refresh(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RETRY_LAST_S):
                await self._open_client().force_metadata_update()

    async def _read(self, node: int) -> None:
        """Long polls to one broker, one after the other."""
        session, retry_s = Session(), RETRY_S
        loop = asyncio.get_running_loop()
        while True:
            wanted = self._wanted(node)
            if not wanted:
                self._changed.clear()
                await self._changed.wait()
                continue
            began_s = loop.time()
            try:
                self._hand_over(await self._poll(node, session, wanted), wanted)
            except errors.KafkaError as error:
                logger.info("fetching from broker %s is tried again: %r", node, error)
                session.begin_anew()
                await asyncio.sleep(retry_s)
                retry_s = min(2 * retry_s, RETRY_LAST_S)
                self._move(wanted)
                await self._refresh()
                continue
            retry_s = RETRY_S
            await asyncio.sleep(began_s + PACE_S - loop.time())

    def _wanted(self, node: int) -> dict[TopicPartition, int]:
        return {
            place: found.offset
            for place, found in self._places.items()
            if found.node == node and not found.paused
        }

    async def _poll(self, node: int, session: Session, wanted: Mapping[TopicPartition, int]) -> FetchReply:
        request = session.request(wanted, WAIT_MS, (IN_ALL_BYTES, EACH_BYTES))
        reply: FetchReply = await self._open_client().send(node, request)
        if not session.answered(reply):
            logger.info(
                "broker %s begins a new fetch session (%s)", node, errors.for_code(reply.code).__name__
            )
        return reply

    def _move(self, places: Mapping[TopicPartition, int]) -> None:
        """Look for their leader anew."""
        for place in places:
            found = self._places.get(place)
            if found is not None:
                found.node = None
        self._strangers.set()

    def _hand_over(self, reply: FetchReply, wanted: Mapping[TopicPartition, int]) -> None:
        polls: Polls = {}
        for part in reply.parts:
            found = self._places.get(part.place)
            if found is None or found.paused or found.offset != wanted.get(part.place):
                continue
            if part.code:
                self._refused(part, found)
                continue
            found.end = part.end
            if part.records:
                records, found.offset = received(part.place, part.records, found.offset, part.aborted)
                if records:
                    polls[part.place] = records
                    found.handed = records[-1].offset
        if polls:
            self._take(polls)

    def _refused(self, part: Fetched, found: _Place) -> None:
        if part.code == _OUT_OF_RANGE:
            del self._places[part.place]
            self._lost(OutOfRange(part.place, found.offset, part.begin, part.end))
        elif part.code in _ELSEWHERE:
            self._move({part.place: found.offset})
        else:
            logger.error("%s/%s is not fetched: %s", *part.place, errors.for_code(part.code).__name__)
            self._move({part.place: found.offset})
