"""Faust, taken by polls: one stream event per (actor, poll), holding the lists of records of its partitions.

Stock Faust handles one stream event per record; most of its time goes there. The journal says what is consumed, so
Faust's acknowledgements and commits are switched off, and after a rebalance every partition starts from its own
watermark. All private members of Faust that we rely on are in this file.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata
from faust.events import Event
from faust.transport.drivers import aiokafka as driver
from faust.types.tuples import TP, ConsumerMessage

from app.turns.host import Host

POLL_S = 0.1
FETCH_WAIT_MS = 100
PACE_S = 0.002  # a fetch costs a millisecond of processor time whatever it brings: let it bring more


class BatchThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread with a shorter long poll: a partition that is resumed waits for the one under way."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        consumer._isolation_level = "read_committed"
        return consumer

    def fetch_position(self, tp: TP) -> int | None:
        """How far the fetch of a partition has gone; None where it is not assigned or not placed yet."""
        subscription = self._ensure_consumer()._subscription.subscription
        assignment = None if subscription is None else subscription.assignment
        state = None if assignment is None else assignment.state_value(TopicPartition(*tp))
        return state.position if state is not None and state.has_valid_position else None

    async def advise(self, offsets: Mapping[TP, int]) -> None:
        """Commit to the group, if it takes it; a refusal means nothing."""
        mine = {tp: offset for tp, offset in offsets.items() if tp in self.assignment()}
        with contextlib.suppress(KafkaError):
            await self._ensure_consumer().commit(
                {TopicPartition(*tp): OffsetAndMetadata(offset, "") for tp, offset in mine.items()}
            )


class BatchConsumer(driver.Consumer):
    """Faust's consumer, by polls. `engine.hosts` knows which partitions are open and how far they are."""

    def _new_consumer_thread(self) -> Any:
        return BatchThread(self, loop=self.loop, beacon=self.beacon)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._polls = 0
        self._poll_at_s = 0.0
        self._handed: dict[TP, int] = {}
        self._gaps: dict[TP, tuple[int, int]] = {}

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:  # noqa: ASYNC109 - Faust's
        """Hand a poll to the agents' streams, one event for each actor; none of a poll that a rebalance has overtaken.

        Nothing is yielded: Faust's drain would take four tasks for each message, one after the other.
        """
        await asyncio.sleep(self._poll_at_s - self.loop.time())
        records, _active = await self._wait_next_records(POLL_S)
        self._poll_at_s = self.loop.time() + PACE_S
        if records is None or self.should_stop:
            return
        if not self.flow_active:
            await self.perform_seek()
            return
        generation = self.app.consumer_generation_id
        self._polls += 1
        self._handed.update((tp, batch[-1].offset) for tp, batch in records.items() if batch)
        for polls in self._by_host(records):
            if not self.flow_active or self.app.consumer_generation_id != generation:
                return
            self._hand_over(_message(polls, generation))
        return
        yield  # an asynchronous generator that yields nothing

    def _hand_over(self, message: ConsumerMessage) -> None:
        """Put a message into the queue of every stream that subscribes to its partition; never waits."""
        for channel in self.app.topics._tp_index.get(message.tp, ()):
            message.incref()
            channel.queue.force_put_nowait(Event(self.app, None, message.value, {}, message))

    def _by_host(self, records: Mapping[TP, list[Any]]) -> list[list[tuple[TP, list[Any]]]]:
        """What was fetched, in one piece for each actor: Faust's cost is by message."""
        found: dict[int, list[tuple[TP, list[Any]]]] = {}
        for tp, batch in records.items():
            if batch:
                found.setdefault(id(self.app.host_of(tp.topic)), []).append((tp, batch))
        return list(found.values())

    def passed(self, tp: TP, offset: int) -> int:
        """Beyond `offset` where the fetch has gone on and two whole polls since have brought nothing of it.

        The log of a transactional producer ends in control records that no poll ever brings.
        """
        position = self._thread.fetch_position(tp)
        if position is None or position <= offset or self._handed.get(tp, -1) >= offset:
            self._gaps.pop(tp, None)
            return offset
        at, since = self._gaps.setdefault(tp, (position, self._polls))
        if at != position:
            self._gaps[tp] = (position, self._polls)
            return offset
        return position if self._polls >= since + 2 else offset

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Every open partition to its watermark; the others are sought when they open, and not fetched before."""
        offsets = {tp: self._hosts_offset(tp) for tp in self.assignment()}
        known = {tp: offset for tp, offset in offsets.items() if offset is not None}
        if known:
            await self.seek_wait(known)
        return known

    def _hosts_offset(self, tp: TP) -> int | None:
        host = self.app.host_of(tp.topic)
        return None if host is None else host.offset(tp.topic, tp.partition)

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        """Fetch these again; those that are not open stay out."""
        super().resume_partitions({tp for tp in tps if self._hosts_offset(tp) is not None})

    def track_message(self, message: Any) -> None:
        """The journal says what is consumed."""

    def ack(self, message: Any) -> bool:
        """The journal says what is consumed."""
        return True

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """A poll is not a gap."""

    async def _commit_offsets(self, *_args: Any, **_kwargs: Any) -> bool:
        return True

    async def commit(self, *_args: Any, **_kwargs: Any) -> bool:
        """The journal says what is consumed."""
        return True

    async def advise(self, offsets: Mapping[TP, int]) -> None:
        """A group commit for lag tools and autoscalers; nothing reads it back."""
        await self._thread.call_thread(self._thread.advise, offsets)

    @driver.Consumer.task
    async def _commit_livelock_detector(self) -> None:
        """Ours is the watchdog; Faust's judges by commits, of which there are none."""


class BatchTransport(driver.Transport):
    """The transport with our consumer."""

    Consumer = BatchConsumer


class FaustIntake:
    """The ports' Intake on Faust's consumer."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def pause(self, topic: str, partition: int) -> None:
        """Take a topic-partition out of the fetch."""
        self._app.consumer.pause_partitions({TP(topic, partition)})

    def resume(self, topic: str, partition: int) -> None:
        """Put it back where it stands."""
        if TP(topic, partition) in self._app.consumer.assignment():
            self._app.consumer.resume_partitions({TP(topic, partition)})

    def passed(self, topic: str, partition: int, offset: int) -> int:
        """See the port."""
        return int(self._app.consumer.passed(TP(topic, partition), offset))

    async def start_at(self, topic: str, partition: int, offset: int) -> None:
        """Fetch from `offset` on, unless the group has given it to somebody else meanwhile."""
        tp, consumer = TP(topic, partition), self._app.consumer
        if tp in consumer.assignment():
            await consumer.seek_wait({tp: offset})
            consumer._read_offset[tp] = offset or None
            consumer.resume_partitions({tp})


def _message(polls: list[tuple[TP, list[Any]]], generation: int) -> ConsumerMessage:
    """A message in the name of the first partition, whose value is what all of them have brought."""
    tp, batch = polls[0]
    last = batch[-1]
    return ConsumerMessage(
        tp.topic,
        tp.partition,
        last.offset,
        last.timestamp / 1000,
        last.timestamp_type,
        (),
        None,
        polls,
        None,
        0,
        0,
        tp,
        generation_id=generation,
    )


def by_topic(hosts: Iterable[Host]) -> dict[str, Host]:
    """Which host answers for a topic."""
    return {topic: host for host in hosts for topic in host.topics}
