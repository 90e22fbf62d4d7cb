"""What a worker does now and then beside its turns: tell the group how far it is, empty mailboxes, show itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin.records_to_delete import RecordsToDelete
from aiokafka.errors import KafkaError
from faust.types.tuples import TP

from app.engine import Engine
from app.housekeeping.watcher import Look, Watcher
from app.topics import Topics
from app.turns.host import Host
from app.turns.partition import Partition
from app.turns.ports import Phase
from app.turns.sights import sight_of

logger = logging.getLogger(__name__)

ADVISE_S = 5.0
TIDY_S = 60.0
SHOW_S = 0.5


class Housekeeping:
    """The tasks beside the turns. `admin` is a plain Kafka client of the worker.

    `out_of_range`: inputs, as `topic/partition`, that an operator must say something about first.
    """

    def __init__(
        self,
        engine: Engine,
        hosts: Mapping[str, Host],
        topics: Topics,
        admin: Any,
        watcher: Watcher,
        out_of_range: Collection[str] = (),
    ) -> None:
        self._engine = engine
        self._hosts = hosts
        self._topics = topics
        self._admin = admin
        self._watcher = watcher
        self._out_of_range = out_of_range
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin all of it."""
        self._watcher.start()
        rounds = ((ADVISE_S, self._advise), (TIDY_S, self._tidy), (SHOW_S, self._show))
        self._tasks = [asyncio.create_task(_repeat(every_s, act)) for every_s, act in rounds]

    def stop(self) -> None:
        """End all of it."""
        self._watcher.stop()
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
        """Tell the group how far we are, for lag tools and autoscalers; nothing that decides reads it back."""
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
            for topic, is_mail, *_ in host.inputs
            if is_mail and topic != self._topics.decisions and partition.saved_offset(topic) > 0
        }
        if decided:
            await self._admin.delete_records(decided)

    async def _show(self) -> None:
        """Let the watchdog see every partition, and that the loop turns."""
        sights = tuple(
            sight_of(partition, self._topics.journal(host.name), self._out_of_range)
            for host in self._hosts.values()
            for partition in host.partitions.values()
        )
        engine = self._engine
        rebalance = engine.rebalancing_count if engine.rebalancing else None
        self._watcher.show(Look(sights, rebalance, engine.consumer.member))


async def _repeat(every_s: float, act: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(every_s)
        try:
            await act()
        except KafkaError as error:
            logger.warning("%s: %r", getattr(act, "__name__", act), error)
