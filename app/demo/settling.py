"""When is a replay over? Once every worker has decided all its input, and every message has ended."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from app.clock import monotonic_s
from app.demo.errors import DemoError

POLL_S = 0.25
CALM_S = 1.0
_BUSY = ("lag", "in_flight", "timers_due", "retries_due")
_QUOTED = 12

Said = list[dict[str, Any]] | None


async def settle(
    missing: Callable[[], Awaitable[list[str]]], limit_s: float, calm_s: float = CALM_S
) -> float:
    """Ask what is missing until nothing is, twice, `calm_s` apart.

    Returns the monotonic time at which the first of the two was asked. Raises DemoError after `limit_s`.
    """
    until_s = monotonic_s() + limit_s
    while True:
        asked_s = monotonic_s()
        open_work = await missing()
        if not open_work:
            await asyncio.sleep(calm_s)
            open_work = await missing()
            if not open_work:
                return asked_s
        if asked_s > until_s:
            why = "; ".join(open_work[:_QUOTED])
            raise DemoError(f"not settled after {limit_s:.0f} s", why, "Look into the logs of the run")
        await asyncio.sleep(POLL_S)


def busy(said: Mapping[str, Said], partition_count: int) -> list[str]:
    """Say what the workers have not decided yet; nothing, once each partition of each actor is at its end."""
    problems = [f"{url} does not tell of its partitions" for url, answer in said.items() if answer is None]
    owners: dict[str, list[int]] = defaultdict(list)
    for answer in said.values():
        for state in answer or ():
            owners[state["actor"]].append(state["partition"])
            problems += _busy_with(state)
    if not owners:
        problems.append("no partition is owned by a worker")
    for actor, owned in sorted(owners.items()):
        if sorted(owned) != list(range(partition_count)):
            problems.append(f"the partitions of {actor} that have an owner are {sorted(owned)}")
    return problems


def _busy_with(state: Mapping[str, Any]) -> list[str]:
    where = f"{state['actor']} {state['partition']}"
    return [f"{where}: {name} {state[name]}" for name in _BUSY if state.get(name)]
