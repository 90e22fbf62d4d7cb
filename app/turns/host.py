"""The partitions of one actor kind in this process: which are ours, opened on assignment, kept over a rebalance."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Sequence

from app.turns.actor import Actor
from app.turns.deciding import Input
from app.turns.partition import Partition
from app.turns.ports import Owner, Phase, Ports, Record
from app.turns.preparing import prepare

logger = logging.getLogger(__name__)

CLOSE_S = 15.0
SETTLE_S = 2.0
CANCEL_S = 0.2


class Host:
    """Runs the partitions of one actor. `ports(name, partition)` makes the ports of one partition."""

    def __init__(
        self,
        name: str,
        inputs: Sequence[Input],
        make_actor: Callable[[Partition], Actor],
        ports: Callable[[str, int], Ports],
        owner: Owner,
        crashed: Callable[[BaseException], None],
    ) -> None:
        self.name = name
        self.inputs = tuple(inputs)
        self.partitions: dict[int, Partition] = {}
        self._make_actor = make_actor
        self._ports = ports
        self._owner = owner
        self._crashed = crashed
        self._tasks: dict[int, asyncio.Task[None]] = {}

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics of the mailbox."""
        return tuple(each.topic for each in self.inputs)

    def offer(self, topic: str, partition: int, records: Sequence[Record]) -> None:
        """Hand a poll to its partition; never waits."""
        found = self.partitions.get(partition)
        if found is not None:
            found.offer(topic, records)

    async def is_lost(self, topic: str, number: int, offset: int) -> bool:
        """A log no longer holds what comes next: was it lost before it was decided?

        Not where it has been decided since, here or by others who have had the partition meanwhile, and who emptied
        the mailbox: it is fetched from behind that, by us, or by our next opening.
        """
        found = self.partitions.get(number)
        if found is None or not await found.claim.ask():
            return False
        if found.next_offset(topic) == offset:
            return True
        await found.fetch(topic)
        return False

    async def revoked(self) -> None:
        """A rebalance has begun: start nothing until `assigned`, and let what is under way end, within a limit."""
        for partition in self.partitions.values():
            partition.hold_back()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_S):
                await asyncio.gather(*(partition.settle() for partition in self.partitions.values()))

    async def assigned(self, numbers: Iterable[int]) -> None:
        """These are ours now: close the others, keep what stays, open what is new (which takes its own time)."""
        wanted = set(numbers)
        await asyncio.gather(*(self._close(number) for number in self.partitions.keys() - wanted))
        for number in sorted(wanted):
            if number in self.partitions:
                await self.partitions[number].go_on()
            else:
                self._open(number)

    async def prepare(self, number: int, journal: str) -> int:
        """Bring the folder of a partition that is not ours near the end of its journal; how many records it read."""
        ports = self._ports(self.name, number)
        partition = Partition(self.name, number, self.inputs, self._make_actor, ports, self._owner)
        return await prepare(ports, partition.actor.tables, journal)

    async def close(self) -> None:
        """Give up every partition."""
        await asyncio.gather(*(self._close(number) for number in list(self.partitions)))

    def _open(self, number: int) -> None:
        partition = Partition(
            self.name, number, self.inputs, self._make_actor, self._ports(self.name, number), self._owner
        )
        self.partitions[number] = partition
        task = asyncio.create_task(partition.run(), name=partition.name)
        task.add_done_callback(self._ended)
        self._tasks[number] = task

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            logger.critical("%s: %s: %s", task.get_name(), type(error).__name__, error, exc_info=error)
            self._crashed(error)

    async def _close(self, number: int) -> None:
        partition, task = self.partitions.pop(number), self._tasks.pop(number)
        if partition.phase is Phase.READY:
            await self._finish(partition, task)
        while not task.done():  # again and again: a client that is just being stopped swallows a cancellation
            task.cancel()
            await asyncio.wait({task}, timeout=CANCEL_S)
        await partition.release()

    async def _finish(self, partition: Partition, task: asyncio.Task[None]) -> None:
        try:
            async with asyncio.timeout(CLOSE_S):
                await partition.close()
                await asyncio.wait({task})
        except TimeoutError:
            logger.warning("%s: did not end within %s s; cancelled", partition.name, CLOSE_S)
