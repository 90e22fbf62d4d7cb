"""All partitions in one process, in the order of their clocks: for what they share.

Between partitions nothing says what came first but time: the one whose next record or due timer is earliest goes on.
Within each, everything is as it is when they are replayed apart.
"""

from __future__ import annotations

import contextlib
import heapq
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence

from aiokafka import TopicPartition

from app.domain.model.event import Event, Tick
from app.kafka_client.read import read
from app.kafka_client.received import Received
from app.replay.stretch import FETCH_BYTES, Answer, Question, Replaying, Stretch, connected, neighbours_of
from app.replay.tally import Sums


class Lane:
    """One partition: what it does next, and when."""

    def __init__(self, replaying: Replaying, chunks: AsyncIterator[Sequence[Received]]) -> None:
        self._replaying = replaying
        self._chunks = chunks
        self._records: deque[Received] = deque()
        self._next: tuple[Event | Tick, int] | None = None
        self._ended = False
        self.taken = 0

    async def next_ms(self) -> int | None:
        """When it goes on: with a due timer, or a record; None at its end."""
        if self._next is None and not self._ended:
            await self._advance()
        replaying = self._replaying
        due_ms, clock_ms = replaying.replay.next_due_ms(), replaying.replay.clock_ms
        if self._next is None:
            is_due = due_ms is not None and replaying.ends_ms is not None and due_ms < replaying.ends_ms
            return due_ms if is_due else None
        at_ms = max(clock_ms, replaying.time_of(self._next[0]))
        return at_ms if due_ms is None else min(at_ms, due_ms)

    async def _advance(self) -> None:
        """Find the next record that says something."""
        while self._next is None:
            if not self._records:
                try:
                    self._records.extend(await anext(self._chunks))
                except StopAsyncIteration:
                    break
                continue
            record = self._records.popleft()
            self.taken += 1
            found = self._replaying.understand(record)
            if found is not None:
                self._next = (found, record.offset)
            elif self._replaying.over:
                break
        self._ended = self._next is None

    def go_on(self) -> None:
        """Do what is next: the timers of one due time, or one record."""
        replay, due_ms = self._replaying.replay, self._replaying.replay.next_due_ms()
        if due_ms is not None and (self._next is None or due_ms < self._replaying.time_of(self._next[0])):
            replay.fire(due_ms)
        elif self._next is not None:
            found, offset = self._next
            self._next = None
            self._replaying.decide(found, offset)

    def close(self) -> Answer:
        """The end."""
        return self._replaying.close()


async def run_together(lanes: Sequence[Lane], progress: Callable[[int], None]) -> None:
    """Let every lane go to its end, the earliest first; of two at the same time, in the order of the lanes."""
    heap = [(at_ms, place) for place, lane in enumerate(lanes) if (at_ms := await lane.next_ms()) is not None]
    heapq.heapify(heap)
    steps = 0
    while heap:
        _, place = heapq.heappop(heap)
        lanes[place].go_on()
        at_ms = await lanes[place].next_ms()
        if at_ms is not None:
            heapq.heappush(heap, (at_ms, place))
        steps += 1
        if steps % 5000 == 0:
            progress(sum(lane.taken for lane in lanes))


async def replay_together(
    question: Question, stretches: Sequence[Stretch], progress: Callable[[int], None]
) -> Answer:
    """The sum of all partitions; what users share is theirs, wherever they are. Raises KafkaError."""
    neighbours = neighbours_of(question)
    async with contextlib.AsyncExitStack() as closing:
        client = await connected(question.bootstrap, question.topic, closing)
        lanes = []
        for stretch in stretches:
            place = TopicPartition(question.topic, stretch.partition)
            chunks = read(client, place, stretch.begin, stretch.end, FETCH_BYTES)
            closing.push_async_callback(chunks.aclose)
            lanes.append(Lane(Replaying(question, stretch.partition, neighbours), chunks))
        await run_together(lanes, progress)
    answer = Answer({campaign.id: Sums() for campaign in question.campaigns}, [])
    for lane in lanes:
        answer.add(lane.close())
    return answer
