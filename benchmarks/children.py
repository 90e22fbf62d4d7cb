"""References that run in processes of their own and print one JSON line with what they measured."""

from __future__ import annotations

import asyncio
import json
from typing import NamedTuple

from app.demo.errors import DemoError
from app.demo.stack import Stack
from benchmarks.ground import PARTITIONS, Ground

LIMIT_S = 120.0


class Measured(NamedTuple):
    """What a child did, how long it took, and what processor time that was.

    Of a peer also: how many messages it ordered, and how large a user's state was each time that it was written. Of
    a backtest: the memory of its largest process.
    """

    records: int
    seconds: float
    cpu_seconds: float
    orders: int = 0
    state_bytes: float = 0.0
    resident_mb: float = 0.0

    @property
    def rate(self) -> float:
        """Records per second."""
        return self.records / self.seconds

    @property
    def cpu_rate(self) -> float:
        """Records per second of processor time."""
        return self.records / self.cpu_seconds


async def measured(ground: Ground, name: str, *arguments: str) -> Measured:
    """Run `python -m <arguments>` to its end and read what it printed. Raises DemoError where it fails."""
    return await measured_by(ground.stack, ground, name, *arguments)


async def measured_by(
    stack: Stack, ground: Ground, name: str, *arguments: str, limit_s: float = LIMIT_S
) -> Measured:
    """The same with the program of another stack."""
    log = ground.folder / "logs" / f"{name}.log"
    log.unlink(missing_ok=True)
    try:
        async with asyncio.timeout(limit_s):
            await stack.run(name, {"NO_CYTHON": ""}, *arguments)
    except TimeoutError as error:
        raise DemoError(f"{name} did not end", f"not within {limit_s:.0f} s", "Try fewer events") from error
    said = [line for line in log.read_text(encoding="utf-8").splitlines() if line.startswith('{"records"')]
    if not said:
        raise DemoError(f"{name} said nothing", "its output has no result", "Run it by itself")
    return Measured(**json.loads(said[-1]))


async def plain_read(ground: Ground, topic: str, mode: str) -> Measured:
    """`getmany` over a topic; `mode`: json decodes every value, raw none."""
    where = (ground.bootstrap, topic, str(PARTITIONS), mode)
    return await measured(ground, "plain-reader", "benchmarks.plain_reader", *where)


async def stock_agent(ground: Ground, topic: str, events: int, limit_s: float) -> Measured:
    """Faust as it comes over the beginning of a topic, or what it manages of it within the limit."""
    name = f"{ground.name}-stock"
    bounds = (str(PARTITIONS), str(events), str(limit_s), str(ground.folder / "stock"))
    return await measured(
        ground, "stock-agent", "benchmarks.stock_agent", ground.bootstrap, name, topic, *bounds
    )
