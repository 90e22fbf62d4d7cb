"""The fetch of a worker: one long poll at a time to each broker, over all open partitions, within a fetch session.

Faust's consumer keeps the group; what it would fetch is fetched here, in the loop that decides: no thread in between,
no object but the record itself, and a request that names only what has changed since the last one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, NamedTuple

from aiokafka import TopicPartition, errors
from aiokafka.client import AIOKafkaClient

from app.kafka_client.bounds import bounds
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
_SESSION_LOST = frozenset((errors.FetchSessionIdNotFound.errno, errors.InvalidFetchSessionEpoch.errno))
_OUT_OF_RANGE = errors.OffsetOutOfRangeError.errno
_REMEDY = "Install the Python package `cramjam` for the workers, or let the producers compress with gzip or not at all."
_NOWHERE = -2  # the "leader" of a place that is not to be fetched now

Polls = dict[TopicPartition, list[Received]]


class OutOfRange(NamedTuple):
    """The log of a partition does not reach to where we stand: records were deleted, or it is another log."""

    place: TopicPartition
    offset: int
    begin: int
    end: int


class _Place:
    """Where the fetch of one topic partition stands. `handed`: the last offset that was handed over."""

    __slots__ = ("begun", "handed", "node", "offset", "paused", "retry_s", "said")

    def __init__(self, offset: int) -> None:
        self.begun = self.offset = offset
        self.handed = -1
        self.paused = False
        self.node: int | None = None
        self.retry_s = RETRY_S
        self.said: str | None = None


class Fetch:
    """Polls of many topic partitions, from the first `release` on.

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
        self._held = True
        self._client: AIOKafkaClient | None = None
        self._readers: dict[int, asyncio.Task[None]] = {}
        self._others: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self._strangers = asyncio.Event()
        self._outdated = False

    async def start(self, topics: set[str]) -> None:
        """Find the cluster and begin. Raises KafkaConnectionError."""
        self._client = AIOKafkaClient(
            bootstrap_servers=self._bootstrap,
            client_id=self._client_id,
            request_timeout_ms=int(ANSWER_S * 1000),
        )
        await self._client.bootstrap()
        await self._client.set_topics(topics)
        self._others.add(self._begin(self._lead()))

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._others.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            logger.critical("the fetch has ended", exc_info=error)
            self._crashed(error)

    async def close(self) -> None:
        """End."""
        tasks = [*self._others, *self._readers.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self._client is not None:
            await self._client.close()

    def start_at(self, place: TopicPartition, offset: int) -> None:
        """Fetch a topic partition from `offset` on; what is under way of it is not handed over any more."""
        found = self._places[place] = _Place(offset)
        if not self._lodge(place, found):
            self._strangers.set()
        self._changed.set()

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

    def hold(self) -> None:
        """Forget everything, and fetch nothing until `release`."""
        self._held = True
        self._places.clear()

    def release(self) -> None:
        """Fetch again: each place from where it was started, whatever has been handed over of it since."""
        self._held = False
        for found in self._places.values():
            found.offset, found.handed = found.begun, -1
        self._changed.set()

    def passed(self, place: TopicPartition, offset: int) -> int:
        """Beyond `offset` where the fetch has gone on and there was no record to hand over (control records)."""
        found = self._places.get(place)
        if found is None or found.handed >= offset:
            return offset
        return max(offset, found.offset)

    async def _lead(self) -> None:
        """Find the leader of every place that has none."""
        while True:
            self._strangers.clear()
            homeless = [
                found
                for place, found in self._places.items()
                if found.node is None and (self._outdated or not self._lodge(place, found))
            ]
            if homeless:
                await asyncio.sleep(min(found.retry_s for found in homeless))
                for found in homeless:
                    found.retry_s = min(2 * found.retry_s, RETRY_LAST_S)
                self._outdated = False
                await self._refresh()
            else:
                self._outdated = False
                self._changed.set()
                await self._strangers.wait()

    def _lodge(self, place: TopicPartition, found: _Place) -> bool:
        """Give a place its leader, and the leader a reader; False where nobody is known to lead it."""
        if self._client is None:
            return False
        node = self._client.cluster.leader_for_partition(place)
        if node is None or node == -1:
            return False
        found.node = node
        if node not in self._readers:
            self._readers[node] = self._begin(self._read(node))
        return True

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
                reply = await self._poll(node, session, wanted)
            except (
                errors.KafkaError,
                KeyError,
            ) as error:  # KeyError: aiokafka's, of a connection just closed
                logger.info("fetching from broker %s is tried again: %r", node, error)
                session.begin_anew()
                await asyncio.sleep(retry_s)
                retry_s = min(2 * retry_s, RETRY_LAST_S)
                self._move(wanted)
                continue
            self._hand_over(reply, wanted)
            retry_s = RETRY_S
            await asyncio.sleep(began_s + PACE_S - loop.time())

    def _wanted(self, node: int) -> dict[TopicPartition, int]:
        if self._held:
            return {}
        return {
            place: found.offset
            for place, found in self._places.items()
            if found.node == node and not found.paused
        }

    async def _poll(self, node: int, session: Session, wanted: Mapping[TopicPartition, int]) -> FetchReply:
        request = session.request(wanted, WAIT_MS, (IN_ALL_BYTES, EACH_BYTES))
        reply: FetchReply = await self._open_client().send(node, request)
        if not session.answered(reply):
            error = errors.for_code(reply.code)
            if reply.code not in _SESSION_LOST:
                raise error(f"a fetch of {len(wanted)} partitions")
            logger.info("broker %s begins a new fetch session (%s)", node, error.__name__)
        return reply

    def _move(self, places: Iterable[TopicPartition]) -> None:
        """Look for their leader anew, the later the more often it has failed."""
        for place in places:
            found = self._places.get(place)
            if found is not None:
                found.node = None
        self._outdated = True
        self._strangers.set()

    def _hand_over(self, reply: FetchReply, wanted: Mapping[TopicPartition, int]) -> None:
        polls: Polls = {}
        for part in reply.parts:
            found = self._places.get(part.place)
            if found is None or found.paused or found.offset != wanted.get(part.place) or self._held:
                continue
            if part.code:
                self._refused(part.place, part.code, found)
                continue
            if part.records and (records := self._opened(part, found)):
                polls[part.place] = records
        if polls:
            if not reply.session:
                self._to_the_end(polls)
            self._take(polls)

    def _to_the_end(self, places: Iterable[TopicPartition]) -> None:
        """Without a session the broker takes no turns: who had something is asked for last the next time."""
        for place in places:
            self._places[place] = self._places.pop(place)

    def _opened(self, part: Fetched, found: _Place) -> list[Received]:
        """The records of one partition; where they cannot be read, none, and it alone has to wait."""
        try:
            records, found.offset = received(part.place, part.records, found.offset, part.aborted)
        except errors.UnsupportedCodecError as error:
            self._complain(part.place, found, f"cannot be read: {error}. {_REMEDY}")
            return []
        except Exception as error:  # noqa: BLE001 - whatever stands in a log: the other partitions go on
            self._complain(part.place, found, f"cannot be read: {error!r}")
            return []
        if records:
            found.handed = records[-1].offset
        found.retry_s, found.said = RETRY_S, None
        return records

    def _refused(self, place: TopicPartition, code: int, found: _Place) -> None:
        if code == _OUT_OF_RANGE and found.node is not None:
            node, found.node = found.node, _NOWHERE
            self._others.add(self._begin(self._find_out(place, found, node)))
        elif code in _ELSEWHERE:
            self._move((place,))
        else:
            self._complain(place, found, f"is not fetched: {errors.for_code(code).__name__} ({code})")

    def _complain(self, place: TopicPartition, found: _Place, why: str) -> None:
        """Say it once, and try again, less and less often."""
        if found.said != why:
            found.said = why
            logger.error("%s/%s from offset %s %s", *place, found.offset, why)
        self._move((place,))

    async def _find_out(self, place: TopicPartition, found: _Place, node: int) -> None:
        """The broker says that an offset is out of range: from where to where does the log reach?"""
        try:
            begin, end = await bounds(self._open_client(), node, place)
        except (errors.KafkaError, KeyError) as error:
            logger.info("where %s/%s begins and ends is asked again: %r", *place, error)
            begin, end = 0, found.offset
        if self._places.get(place) is not found:
            return
        if begin <= found.offset <= end:
            self._move((place,))
        else:
            del self._places[place]
            self._lost(OutOfRange(place, found.offset, begin, end))
