"""What a worker does now and then beside its turns: tell the group how far it is, empty mailboxes, watch itself."""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin.records_to_delete import RecordsToDelete
from aiokafka.errors import KafkaError
from faust.types.tuples import TP

from app.engine import Engine
from app.topics import Topics
from app.turns.host import Host
from app.turns.partition import Partition
from app.turns.ports import Clock, Phase
from app.turns.watchdog import LoopWatch, Progress, Seen

logger = logging.getLogger(__name__)

ADVISE_S = 5.0
TIDY_S = 60.0
WATCH_S = 5.0
BEAT_S = 0.5
PROBE_S = 5.0
GAVE_UP = 70


class Housekeeping:
    """The tasks beside the turns. `ends` and `admin` are plain Kafka clients of the worker."""

    def __init__(
        self, engine: Engine, hosts: Mapping[str, Host], topics: Topics, clock: Clock, ends: Any, admin: Any
    ) -> None:
        self._engine = engine
        self._hosts = hosts
        self._topics = topics
        self._ends = ends
        self._admin = admin
        self._clock = clock
        self._progress = Progress()
        self._loop_watch = LoopWatch(clock.monotonic_s, self._stalled)
        self.broker_there = True
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin all of it."""
        self._loop_watch.start()
        rounds = (
            (ADVISE_S, self._advise),
            (TIDY_S, self._tidy),
            (WATCH_S, self._watch),
            (BEAT_S, self._beat),
        )
        self._tasks = [asyncio.create_task(_repeat(every_s, act)) for every_s, act in rounds]

    def stop(self) -> None:
        """End all of it."""
        self._loop_watch.stop()
        for task in self._tasks:
            task.cancel()

    def _open(self) -> list[tuple[Host, Partition]]:
        return [
            (host, partition)
            for host in self._hosts.values()
            for partition in host.partitions.values()
            if partition.phase is Phase.READY
        ]

    async def _advise(self) -> None:
        """Tell the group how far we are, for lag tools and autoscalers; nothing reads it back."""
        offsets = {
            TP(topic, partition.number): partition.next_offset(topic)
            for host, partition in self._open()
            for topic in host.topics
        }
        if offsets and not self._engine.rebalancing:
            await self._engine.consumer.advise(offsets)

    async def _tidy(self) -> None:
        """Mail that its owner has decided on and journaled is deleted from its mailbox."""
        decided = {
            TopicPartition(topic, partition.number): RecordsToDelete(partition.saved_offset(topic))
            for host, partition in self._open()
            for topic, is_mail, _ in host.inputs
            if is_mail and topic != self._topics.decisions and partition.saved_offset(topic) > 0
        }
        if decided:
            await self._admin.delete_records(decided)

    async def _beat(self) -> None:
        self._loop_watch.beat()

    async def _watch(self) -> None:
        """Look whether every partition moves; end the process where one has stood still for too long."""
        ends = await self._probe()
        self.broker_there = ends is not None
        seen = [
            self._see(partition, ends or {})
            for host in self._hosts.values()
            for partition in host.partitions.values()
        ]
        stuck = self._progress.look(self._clock.monotonic_s(), seen, broker_there=ends is not None)
        if stuck:
            self._give_up("; ".join(stuck))

    async def _probe(self) -> dict[tuple[str, int], int] | None:
        """The end of every input of ours, asked for now; None where the broker does not answer."""
        places = [
            TopicPartition(topic, number)
            for host in self._hosts.values()
            for number in host.partitions
            for topic in host.topics
        ]
        try:
            async with asyncio.timeout(PROBE_S):
                found = await self._ends.end_offsets(places) if places else {}
        except (TimeoutError, KafkaError):
            return None
        return {(place.topic, place.partition): end for place, end in found.items()}

    def _see(self, partition: Partition, ends: Mapping[tuple[str, int], int]) -> Seen:
        if partition.phase is not Phase.READY:
            return Seen(partition.name, 1, partition.progress.at + partition.refusals)
        lag = sum(
            max(0, ends.get((topic, partition.number), 0) - partition.reached(topic))
            for topic, *_ in partition.inputs
        )
        return Seen(partition.name, lag, partition.records)

    def _stalled(self, for_s: float) -> None:
        self._give_up(f"the event loop has not turned for {for_s:.0f} s")

    def _give_up(self, why: str) -> None:
        sys.stderr.write(f"watchdog: {why}; dumping every thread and ending with {GAVE_UP}\n")
        faulthandler.dump_traceback(all_threads=True)
        sys.stderr.flush()
        os._exit(GAVE_UP)


async def _repeat(every_s: float, act: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(every_s)
        try:
            await act()
        except KafkaError as error:
            logger.warning("%s: %r", getattr(act, "__name__", act), error)
