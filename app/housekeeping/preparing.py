"""Before a worker joins others it brings its folders near the ends of their journals: a partition that moves to it is
then away for the tail only, not for a whole restore.

All partitions, since only the group says later which become its own. The first worker of a group does not wait: what
nobody owns is best opened at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from app.clock import monotonic_s
from app.topics import Topics
from app.turns.host import Host
from app.turns.ports import JournalMissing, Unanswered, Unstored
from app.turns.probe import Probe

logger = logging.getLogger(__name__)

LIMIT_S = 60.0
AT_ONCE = 8


async def prepare_folders(
    hosts: Mapping[str, Host], topics: Topics, partitions: int, probe: Probe, limit_s: float = LIMIT_S
) -> int:
    """Prepare every folder, within a limit, where the group has members; how many journal offsets were read."""
    found = await asyncio.to_thread(probe.ask, [(topics.campaigns, 0)])
    if found is None or found.group is None or not found.group.members:
        return 0
    began_s, read, turnstile = monotonic_s(), 0, asyncio.Semaphore(AT_ONCE)

    async def one(host: Host, number: int) -> None:
        nonlocal read
        async with turnstile:
            try:
                read += await host.prepare(number, topics.journal(host.name))
            except (JournalMissing, Unanswered, Unstored) as error:  # its opening will say so, and mean it
                logger.info("%s/%d is not prepared: %s", host.name, number, error)

    try:
        async with asyncio.timeout(limit_s):
            await asyncio.gather(
                *(one(host, number) for host in hosts.values() for number in range(partitions))
            )
    except TimeoutError:
        logger.warning("joining with folders that are not all prepared: %.0f s were not enough", limit_s)
    logger.info("prepared %d journal records in %.1f s", read, monotonic_s() - began_s)
    return read
