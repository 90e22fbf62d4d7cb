"""Faust, taken by polls: one stream event per (actor, poll), holding the lists of records of its partitions.

Stock Faust handles one stream event per record; most of its time goes there. Its consumer keeps the group here and
nothing else: `fetch` brings the records, the journal says what is consumed, and after a rebalance every partition
starts from its own watermark. All private members of Faust that we rely on are in this file and in `assignor`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from aiokafka import TopicPartition
from aiokafka.client import ConnectionGroup
from aiokafka.errors import KafkaError
from aiokafka.protocol.group import LeaveGroupRequest
from aiokafka.structs import OffsetAndMetadata
from faust.events import Event
from faust.transport.drivers import aiokafka as driver
from faust.types.tuples import TP, ConsumerMessage

from app.kafka_client.fetch import Fetch, Polls
from app.kafka_client.received import Received
from app.turns.host import Host

logger = logging.getLogger(__name__)

TOUCH_S = 1.0
IDLE_S = 1.0
LEAVE_S = 0.2


class BatchThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread, in the group and without a fetch of its own."""

    async def on_start(self) -> None:
        """Start the consumer, and take its fetcher's work away."""
        await super().on_start()
        fetcher = self._ensure_consumer()._fetcher
        fetcher._get_actions_per_node = lambda _assignment: ([], {}, IDLE_S, False, [])

    async def touch(self) -> None:
        """The loop that decides is alive: without a word from it the consumer leaves the group (max.poll.interval).

        What went wrong with the group waits to be taken note of; until then the client does not join, nor even knows
        that it must. Its heartbeats may have ended with it, so it joins anew. Raises where it cannot any more.
        """
        consumer = self._ensure_consumer()
        with consumer._subscription.fetch_context():
            pass
        coordinator = consumer._coordinator
        try:
            coordinator.check_errors()
        except KafkaError as error:
            if coordinator._coordination_task.done():
                raise
            logger.error("joining the group anew: %r", error)
            coordinator.request_rejoin()

    async def on_thread_stop(self) -> None:
        """Stop, without waiting for the answer to a join."""
        leaving = asyncio.create_task(self._leave())
        try:
            await super().on_thread_stop()
        finally:
            leaving.cancel()

    async def _leave(self) -> None:
        """A join is answered when a whole rebalance has ended. Leave over another connection: this ends both."""
        if self._consumer is None or (coordinator := self._consumer._coordinator) is None:
            return
        await asyncio.wait({coordinator._closing})
        while not (await asyncio.wait({coordinator._coordination_task}, timeout=LEAVE_S))[0]:
            node, member = coordinator.coordinator_id, coordinator.member_id
            if node is not None and member:
                with contextlib.suppress(KafkaError):
                    request = LeaveGroupRequest(coordinator.group_id, member)
                    await self._consumer._client.send(node, request, group=ConnectionGroup.DEFAULT)

    @property
    def member(self) -> str:
        """Our name in the group; empty while it has given us none."""
        coordinator = None if self._consumer is None else self._consumer._coordinator
        return "" if coordinator is None else coordinator.member_id

    async def advise(self, offsets: Mapping[TP, int]) -> None:
        """Commit to the group, if it takes it; a refusal means nothing."""
        mine = {tp: offset for tp, offset in offsets.items() if tp in self.assignment()}
        with contextlib.suppress(KafkaError):
            await self._ensure_consumer().commit(
                {TopicPartition(*tp): OffsetAndMetadata(offset, "") for tp, offset in mine.items()}
            )


class BatchConsumer(driver.Consumer):
    """Faust's consumer: a member of the group. `engine.fetch` brings the records."""

    _is_assigned = False

    def _new_consumer_thread(self) -> Any:
        return BatchThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:  # noqa: ASYNC109 - Faust's
        """Nothing ever comes this way; Faust's loop around it is our sign of life."""
        await self.sleep(TOUCH_S)
        if not self.should_stop:
            try:
                await self._thread.call_thread(self._thread.touch)
            except KafkaError as error:
                self.app.give_up(error)
        return
        yield  # an asynchronous generator that yields nothing

    def hand_over(self, polls: Polls) -> None:
        """Put what was fetched into the agents' streams, in one piece for each actor; never waits."""
        channels_of = self.app.topics._tp_index
        by_host: dict[int, list[tuple[TP, list[Received]]]] = {}
        for place, records in polls.items():
            tp = TP(*place)
            if tp in channels_of:  # else it is not ours any more
                by_host.setdefault(id(self.app.host_of(tp.topic)), []).append((tp, records))
        for pieces in by_host.values():
            message = _message(pieces, self.app.consumer_generation_id)
            for channel in channels_of[message.tp]:
                message.incref()
                channel.queue.force_put_nowait(Event(self.app, None, message.value, {}, message))

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """The rebalance has an outcome; the flow that is resumed from now on is the one that follows it."""
        self._is_assigned = True
        await super().on_partitions_assigned(assigned, generation_id)

    def stop_flow(self) -> None:
        """A rebalance begins, and Faust empties the streams' queues: nothing may come after what they lose."""
        self._is_assigned = False
        self.app.fetch.hold()
        super().stop_flow()

    def resume_flow(self) -> None:
        """The rebalance is over. Just now Faust has emptied the queues once more: nothing may have come before."""
        super().resume_flow()
        if self._is_assigned:
            self.app.fetch.release()

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Every partition is fetched from its watermark, once its owner says so."""
        return {}

    def track_message(self, message: Any) -> None:
        """The journal says what is consumed."""

    def ack(self, message: Any) -> bool:
        """The journal says what is consumed."""
        return True

    async def _commit_offsets(self, *_args: Any, **_kwargs: Any) -> bool:
        return True

    async def commit(self, *_args: Any, **_kwargs: Any) -> bool:
        """The journal says what is consumed."""
        return True

    def close(self) -> None:
        """A rebalance finds us stopping, and Faust would close the client from another loop than its own.

        The thread leaves the group when it stops, which is soon.
        """

    @property
    def member(self) -> str:
        """Our name in the group; empty while it has given us none."""
        member: str = self._thread.member
        return member

    async def advise(self, offsets: Mapping[TP, int]) -> None:
        """A group commit for lag tools and autoscalers; nothing that decides reads it back."""
        await self._thread.call_thread(self._thread.advise, offsets)

    @driver.Consumer.task
    async def _commit_livelock_detector(self) -> None:
        """Ours is the watchdog; Faust's judges by commits, of which there are none."""


class BatchTransport(driver.Transport):
    """The transport with our consumer."""

    Consumer = BatchConsumer


class FaustIntake:
    """The ports' Intake: the fetch, for what the group has given us."""

    def __init__(self, app: Any) -> None:
        self._app = app

    @property
    def _fetch(self) -> Fetch:
        fetch: Fetch = self._app.fetch
        return fetch

    def pause(self, topic: str, partition: int) -> None:
        """Take a topic-partition out of the fetch."""
        self._fetch.pause(TopicPartition(topic, partition))

    def resume(self, topic: str, partition: int) -> None:
        """Put it back where it stands."""
        self._fetch.resume(TopicPartition(topic, partition))

    def passed(self, topic: str, partition: int, offset: int) -> int:
        """See the port."""
        return self._fetch.passed(TopicPartition(topic, partition), offset)

    async def start_at(self, topic: str, partition: int, offset: int) -> None:
        """Fetch from `offset` on, unless the group has given it to somebody else meanwhile."""
        if TP(topic, partition) in self._app.consumer.assignment():
            self._fetch.start_at(TopicPartition(topic, partition), offset)


def _message(polls: list[tuple[TP, list[Received]]], generation: int) -> ConsumerMessage:
    """A message in the name of the first partition, whose value is what all of them have brought."""
    tp, batch = polls[0]
    last = batch[-1]
    return ConsumerMessage(
        tp.topic,
        tp.partition,
        last.offset,
        last.timestamp / 1000,
        0,
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
