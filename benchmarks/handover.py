"""How long each partition is away while workers come, and while each is started anew, under load.

    python -m benchmarks.handover [--records N] [--rate N] [--workers N]

The journals of the users actor are filled first: so many records a partition, ten for each user. Then one worker
starts, events flow, workers join one after the other, and at last each is stopped and started again on its own folder.
Away is the time between the last turn of the old owner and the first of the new one, by the times in the journal.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import pairwise
from typing import Any

import aiohttp
from aiokafka import AIOKafkaProducer

from app.clock import monotonic_s, now_ms
from app.demo.errors import DemoError
from app.demo.stack import Child
from benchmarks.campaigns import campaigns
from benchmarks.clickstream import Clickstream
from benchmarks.engine import CAPS, HOURS, START_MS, USERS
from benchmarks.ground import PARTITIONS, Ground, main
from benchmarks.journal import fill, handovers, undecided
from benchmarks.lines import line, say, show
from benchmarks.running import set_up

RECORDS = 200_000
RATE = 400
WORKERS = 4
READY_S = 120.0
CALM_S = 3.0
POLL_S = 0.1
FEED_S = 0.02
MS_PER_S = 1000


@dataclass
class Cluster:
    """Workers, and the moments at which something was done to them."""

    ground: Ground
    session: aiohttp.ClientSession
    environments: list[dict[str, str]] = field(default_factory=list)
    children: list[Child] = field(default_factory=list)
    phases: list[tuple[str, int]] = field(default_factory=list)

    async def join(self) -> None:
        """One more worker; until all are ready."""
        number = len(self.children) + 1
        self.begin("start" if number == 1 else f"{number - 1} to {number} workers")
        self.environments.append(self.ground.environment("stream", f"worker-{number}"))
        self.children.append(await self._start(number - 1))
        await self.ready()

    async def restart(self, place: int) -> None:
        """Stop one worker as an operator does, and start it again; until all are ready."""
        self.begin(f"restart of worker {place + 1}")
        process = self.children[place].process
        process.send_signal(signal.SIGTERM)
        code = await process.wait()
        if code:
            raise DemoError(
                f"worker {place + 1} did not stop cleanly", f"it ended with {code}", "Look at its log"
            )
        self.children[place] = await self._start(place)
        await self.ready()

    def begin(self, phase: str) -> None:
        """From now on, whatever is opened belongs to this phase."""
        say(phase)
        self.phases.append((phase, now_ms()))

    async def _start(self, place: int) -> Child:
        return await self.ground.stack.start(f"worker {place + 1}", self.environments[place], "app", "worker")

    async def ready(self) -> None:
        """Wait until every worker is ready, and has been for a while: a rebalance may follow another."""
        until_s, since_s = monotonic_s() + READY_S, monotonic_s()
        while monotonic_s() - since_s < CALM_S:
            if monotonic_s() > until_s:
                raise DemoError(
                    "the workers do not get ready", f"not within {READY_S:.0f} s", "Try fewer --records"
                )
            if not all([await self._is_ready(each) for each in self.environments]):
                since_s = monotonic_s()
            await asyncio.sleep(POLL_S)

    async def _is_ready(self, environment: dict[str, str]) -> bool:
        try:
            async with self.session.get(f"http://{environment['CARILLON_WEB']}/readyz") as answer:
                return answer.status == HTTPStatus.OK
        except aiohttp.ClientError:
            return False


async def measure(ground: Ground, records: int, rate: int, workers: int) -> None:
    """Fill, grow, restart; print a line for each phase in which a partition changed hands."""
    await set_up(ground, "stream", {"caps": CAPS}, campaigns(10))
    say(f"filling {PARTITIONS} journals with {records:,} records each")
    await fill(ground, records)
    async with aiohttp.ClientSession() as session:
        cluster = Cluster(ground, session)
        await cluster.join()
        async with load(ground, rate):
            for _ in range(workers - 1):
                await cluster.join()
            for place in range(workers):
                await cluster.restart(place)
        left = await settled(ground)
    await report(ground, cluster.phases, records, left)


async def settled(ground: Ground) -> int:
    """Wait until every event is decided, within a limit; how many are not."""
    until_s, left = monotonic_s() + READY_S, 1
    while left and monotonic_s() < until_s:
        left = await undecided(ground)
        await asyncio.sleep(1)
    return left


@asynccontextmanager
async def load(ground: Ground, rate: int) -> AsyncIterator[None]:
    """Events of many users at this rate, as long as the block lasts."""
    producer = AIOKafkaProducer(bootstrap_servers=ground.bootstrap, acks="all", linger_ms=5)
    await producer.start()
    task = asyncio.create_task(_feed(producer, ground.events, rate))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await producer.stop()


async def _feed(producer: Any, topic: str, rate: int) -> None:
    events = Clickstream(USERS, START_MS, HOURS * 3_600_000 / 1_000_000).events(1 << 30)
    began_s = monotonic_s()
    for sent, (user, value) in enumerate(events, 1):
        await producer.send(topic, value, key=user.encode())
        ahead_s = sent / rate - (monotonic_s() - began_s)
        if ahead_s > FEED_S:
            await asyncio.sleep(ahead_s)


async def report(ground: Ground, phases: list[tuple[str, int]], records: int, left: int) -> None:
    """A line for each phase, and whether anything was left undecided."""
    found = await handovers(ground, phases[1][1])
    bounds = [*phases[1:], ("", 1 << 62)]
    for (phase, from_ms), (_, to_ms) in pairwise(bounds):
        away = sorted(each.away_ms / MS_PER_S for each in found if from_ms <= each.opened_ms < to_ms)
        if away:
            show(
                line("handover", away[-1], "s away at most", "target", 2.0, phase=phase, partitions=len(away),
                     median=away[len(away) // 2], least=away[0], records=records, undecided=left)
            )  # fmt: skip


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench handover", description="How long partitions are away.")
    parser.add_argument("--records", type=int, default=RECORDS, help="in the journal of each partition")
    parser.add_argument("--rate", type=int, default=RATE, help="events per second meanwhile")
    parser.add_argument("--workers", type=int, default=WORKERS, help="how many there are in the end")
    return parser.parse_args()


if __name__ == "__main__":
    _given = _arguments()
    main("handover", lambda ground: measure(ground, _given.records, _given.rate, _given.workers))
