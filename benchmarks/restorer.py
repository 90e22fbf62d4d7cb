"""Opens the users partitions of an app from its journal into an empty folder, as a worker does when it starts.

    python -m benchmarks.restorer BOOTSTRAP APP PARTITIONS FOLDER

Runs where no worker does: opening takes the fence. Prints records, seconds and processor seconds.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from app.clock import SystemClock, monotonic_s
from app.kafka_client.produce import Channel
from app.topics import Topics
from app.turns.kafka_log import KafkaLog, Lines
from app.turns.opening import Progress, open_partition
from app.turns.relays import Relays
from benchmarks.lines import show
from benchmarks.processor_time import own_cpu_s
from tables.store import Folders
from tables.users import TABLES

Chunk = Sequence[tuple[int, bytes, bytes | None]]


class CountingLog(KafkaLog):
    """The worker's own log, and how many records were read from it."""

    records = 0

    async def read(self, start: int, stop: int) -> AsyncIterator[Chunk]:
        """As in KafkaLog."""
        async for chunk in super().read(start, stop):
            self.records += len(chunk)
            yield chunk


async def restore(bootstrap: str, app: str, partitions: int, folder: Path) -> dict[str, Any]:
    """Open every partition, all at the same time."""
    folders, journal = Folders(folder), Topics(app, "").journal("users")
    channel = Channel(bootstrap, f"{app}-bench")
    await channel.start()
    lines = Lines(bootstrap, lambda: channel, Relays(lambda: channel), _no_ends)
    logs = [CountingLog(lines, f"{app}.users.{number}", journal, number) for number in range(partitions)]
    stores = [folders.open("users", number) for number in range(partitions)]
    started_s, used_s = monotonic_s(), own_cpu_s()
    await asyncio.gather(*(_open(log, store) for log, store in zip(logs, stores, strict=True)))
    seconds, cpu_seconds = monotonic_s() - started_s, own_cpu_s() - used_s
    for log, store in zip(logs, stores, strict=True):
        await log.close()
        store.close()
    await channel.close()
    return {"records": sum(log.records for log in logs), "seconds": seconds, "cpu_seconds": cpu_seconds}


async def _open(log: CountingLog, store: Any) -> None:
    await open_partition(log, store, TABLES, "bench", SystemClock(), 0.0, Progress())


async def _no_ends(_topic: str, _partition: int) -> int:
    raise RuntimeError("nothing is asked for while opening")


if __name__ == "__main__":
    _bootstrap, _app, _partitions, _folder = sys.argv[1:]
    show(asyncio.run(restore(_bootstrap, _app, int(_partitions), Path(_folder))))
