"""Builds in which something stands still for ever, and watchdogs that wait shorter or longer (`tests.chaos.broken`)."""

from __future__ import annotations

import asyncio
from typing import Any

from agents import users
from app import worker
from app.housekeeping import watcher
from app.turns import host, kafka_log, opening, partition
from app.turns.watchdog import Limits

STUCK = "users/0"
HASTY_S = 4.0
ASSIGNMENT_S = 15.0


def stuck_open() -> None:
    """One partition of one actor never opens."""
    start = partition.Partition._open

    async def never(self: Any) -> None:
        if self.name == STUCK:
            await asyncio.Event().wait()
        await start(self)

    partition.Partition._open = never  # type: ignore[method-assign]


def stuck_turn() -> None:
    """One partition is open, and then never takes a turn."""
    turn = partition.Partition._turn

    async def never(self: Any, ready_ms: int | None, *, first: bool) -> bool:
        if self.name == STUCK and not first:
            await asyncio.Event().wait()
        return await turn(self, ready_ms, first=first)

    partition.Partition._turn = never  # type: ignore[method-assign]


def stuck_loop() -> None:
    """The first event of a user keeps the event loop for ever."""

    def step(self: Any, turn: Any, record: Any, read: Any) -> None:
        while True:
            pass

    users.UsersActor.step = step  # type: ignore[method-assign]


def stuck_append() -> None:
    """One partition's appends are never answered, once it is open, and the client does not notice."""
    append = kafka_log.KafkaLog.append

    async def never(self: Any, pairs: Any, time_ms: int) -> int:
        if self._transactional_id.endswith(".users.0") and opening.OPENED_KEY not in dict(pairs):
            await asyncio.Event().wait()
        return await append(self, pairs, time_ms)

    kafka_log.KafkaLog.append = never  # type: ignore[method-assign]


def lost_fetcher() -> None:
    """One partition's fetch goes on and brings nothing."""
    offer = partition.Partition.offer

    def lose(self: Any, topic: str, records: Any) -> None:
        if self.name != STUCK:
            offer(self, topic, records)

    partition.Partition.offer = lose  # type: ignore[method-assign]


def never_assigned() -> None:
    """The group has shared out its partitions, and the worker never takes its own; its watchdog waits longer."""

    async def never(self: Any, numbers: Any) -> None:
        await asyncio.Event().wait()

    host.Host.assigned = never  # type: ignore[method-assign]
    watcher.LIMITS = watcher.LIMITS._replace(assignment_s=ASSIGNMENT_S)


def rejoining() -> None:
    """A worker that has its partitions joins again at once, for ever. It decides in between: slow, and not stuck."""
    take = worker.Worker._assigned

    async def take_and_join(self: Any, _app: Any, assigned: Any, **_kwargs: Any) -> None:
        await take(self, _app, assigned, **_kwargs)
        thread = _app.consumer._thread
        thread.thread_loop.call_soon_threadsafe(thread._consumer._coordinator.request_rejoin)

    worker.Worker._assigned = take_and_join  # type: ignore[method-assign]


def endless_rebalance() -> None:
    """A worker that has its partitions joins again, and never finishes letting go of them."""
    rejoining()
    let_go = host.Host.revoked

    async def never(self: Any) -> None:
        await let_go(self)
        if self.partitions:
            await asyncio.Event().wait()

    host.Host.revoked = never  # type: ignore[method-assign]


def hasty() -> None:
    """A watchdog that waits for seconds only."""
    longer = {"calls_s": 2 * HASTY_S, "failing_s": 2 * HASTY_S, "assignment_s": 60.0, "restore_s": 60.0}
    watcher.LIMITS = Limits(
        **dict.fromkeys(Limits._fields, HASTY_S) | longer | {"return_s": 0.0, "loop_s": 0.75 * HASTY_S}
    )


def patient() -> None:
    """A watchdog that waits for hours: for what is to be seen beside a stall."""
    watcher.LIMITS = Limits(**dict.fromkeys(Limits._fields, 3600.0))
