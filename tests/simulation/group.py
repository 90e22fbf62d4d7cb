"""The consumer group: who has which partition. It hears of a dead or cut member only after the session time-out."""

from __future__ import annotations

import asyncio
from contextvars import Context
from typing import TYPE_CHECKING

from app.topics import ACTORS
from tests.simulation.worker import SESSION_S, SimWorker

if TYPE_CHECKING:
    from tests.simulation.world import World

HEAR_S = 0.3


class Group:
    """Members, and one rebalance after another while somebody has come or gone."""

    def __init__(self, world: World) -> None:
        self.members: list[SimWorker] = []
        self.rebalances = 0
        self._world = world
        self._context = Context()
        self._is_due = False
        self._running: asyncio.Task[None] | None = None

    def join(self, worker: SimWorker) -> None:
        """A member that has just started, or that hears of us again."""
        if worker not in self.members and not worker.process.is_dead and not worker.is_stopping:
            self.members.append(worker)
            self.changed()

    def leave(self, worker: SimWorker) -> None:
        """It is gone, or has not been heard of for a session."""
        if worker in self.members:
            self.members.remove(worker)
            self.changed()

    def missed(self, worker: SimWorker) -> None:
        """No heartbeat from now on: out after the session, unless it is heard of before."""
        self._world.later(SESSION_S, self._expire, worker)

    def _expire(self, worker: SimWorker) -> None:
        if not self._hears(worker):
            self.leave(worker)

    def _hears(self, worker: SimWorker) -> bool:
        process = worker.process
        return not (process.is_dead or process.is_frozen or worker.is_cut or worker.is_stopping)

    def changed(self) -> None:
        """Share out anew, soon."""
        self._is_due = True
        if self._running is None or self._running.done():
            self._running = self._world.loop.create_task(self._rebalance(), context=self._context)

    async def _rebalance(self) -> None:
        while self._is_due:
            await asyncio.sleep(self._world.dice.random() * HEAR_S)
            self._is_due = False
            self.rebalances += 1
            listeners = self.members = [member for member in self.members if self._hears(member)]
            replies = [self._world.loop.create_future() for _ in listeners]
            for member, reply in zip(listeners, replies, strict=True):
                member.tell("revoke", reply)
            if replies:
                await asyncio.wait(replies, timeout=SESSION_S)
            self.members = [member for member in self.members if self._hears(member)]
            if not self._is_due:
                self._share_out([member for member in listeners if member in self.members])

    def _share_out(self, members: list[SimWorker]) -> None:
        if not members:
            return
        shares: dict[SimWorker, dict[str, list[int]]] = {member: {} for member in members}
        for actor in ACTORS:
            for number in range(self._world.plan.partitions):
                member = self._world.dice.choice(members)
                shares[member].setdefault(actor, []).append(number)
        self._world.trace("share", *(f"{m.process.name}: {share}" for m, share in shares.items()))
        for member, share in shares.items():
            member.tell("assign", share)
