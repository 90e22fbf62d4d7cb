"""A worker as a benchmark runs it: set up, started, watched through its pages, stopped."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

import aiohttp
from ruamel.yaml import YAML

from app.clock import monotonic_s
from app.demo.errors import DemoError
from app.demo.http import partitions, wait_until_ready
from app.demo.stack import Child
from benchmarks.campaigns import as_yaml
from benchmarks.ground import PARTITIONS, Ground
from benchmarks.processor_time import cpu_s

READY_LIMIT_S = 60.0


class Sample(NamedTuple):
    """How far a worker was at one moment.

    `open`: everything that any of its actors has still to do. `users`: how many of the users partitions it has.
    `broker_cpu_s`: what the broker has used, 0 where it is not ours.
    """

    at_s: float
    cpu_s: float
    decided: int
    open: int
    users: int
    broker_cpu_s: float = 0.0


class Running:
    """One worker process."""

    def __init__(self, ground: Ground, child: Child, url: str, session: aiohttp.ClientSession) -> None:
        self.child = child
        self._ground = ground
        self._url = url
        self._session = session

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.child.process.pid

    async def sample(self) -> Sample | None:
        """Ask it how far it is; None where it cannot be asked now. Raises DemoError where it has died."""
        self._ground.stack.check()
        said = await partitions(self._session, self._url)
        if said is None:
            return None
        topic = self._ground.events
        users = [each for each in said if each["actor"] == "users"]
        decided = sum(each["position"].get(topic, 0) for each in users)
        left = sum(each["lag"] + each["in_flight"] + each["timers_due"] for each in said)
        missing = PARTITIONS - len(users)
        broker = self._ground.broker_pid
        broker_s = 0.0 if broker is None else cpu_s(broker)
        return Sample(monotonic_s(), cpu_s(self.pid), decided, left + missing, len(users), broker_s)

    async def ready(self) -> None:
        """Wait until it decides."""
        await wait_until_ready(self._session, self._ground.stack, f"{self._url}/readyz", READY_LIMIT_S)

    async def until_done(self, limit_s: float) -> None:
        """Wait until no actor has anything left. Raises DemoError after the limit."""
        until_s = monotonic_s() + limit_s
        while monotonic_s() < until_s:
            sample = await self.sample()
            if sample is not None and sample.open == 0:
                return
            await asyncio.sleep(0.2)
        raise DemoError("the worker does not get done", f"not within {limit_s:.0f} s", "Try fewer events")

    async def stop(self) -> None:
        """Stop all processes of the run."""
        await self._ground.stack.stop()


async def set_up(
    ground: Ground, clock: str, settings: dict[str, Any], campaigns: list[dict[str, Any]]
) -> None:
    """Write the settings, make the topics, apply the campaigns."""
    ground.folder.mkdir(parents=True, exist_ok=True)
    with (ground.folder / "carillon.yaml").open("w", encoding="utf-8") as file:
        YAML().dump({"zone": "UTC", "partitions": PARTITIONS} | settings, file)
    file_of_campaigns = ground.folder / "campaigns.yaml"
    file_of_campaigns.write_text(as_yaml(campaigns), encoding="utf-8")
    environment = ground.environment(clock)
    await ground.stack.run("setup", environment, "app", "setup")
    await ground.stack.run(
        "apply", environment, "app", "campaign", "apply", "--schedule", str(file_of_campaigns)
    )


async def start(ground: Ground, clock: str, session: aiohttp.ClientSession, name: str = "worker") -> Running:
    """Start a worker with a folder of its own; returns at once."""
    environment = ground.environment(clock, name)
    child = await ground.stack.start(name, environment, "app", "worker")
    return Running(ground, child, f"http://{environment['CARILLON_WEB']}", session)
