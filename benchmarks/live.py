"""What a live value takes in a worker's memory: the users actor's cache, filled, and counted by Python's own tracer.

python -m benchmarks.live
"""

from __future__ import annotations

import tempfile
import tracemalloc
from pathlib import Path

from benchmarks.campaigns import campaigns
from benchmarks.engine import START_MS
from benchmarks.lines import line, show
from benchmarks.one_partition import TOPICS, Event, InForce, OnePartition
from benchmarks.population import Residents, fill
from tables.store import Folders

USERS = 60_000
EVENTS = 30_000
TURN = 1_000
STEP_MS = 20.0


def live_value_bytes(users: int, events: int, folder: Path) -> tuple[float, int]:
    """Bytes of a live value on average, and how many there were."""
    store = Folders(folder).open("users", 0)
    fill([store], users)
    partition = OnePartition(store, InForce(campaigns()))
    records = [
        Event(TOPICS.events, 0, (1 << 21) + number, START_MS, sent.user.encode(), sent.value)
        for number, sent in enumerate(Residents(users, START_MS, STEP_MS).events(events))
    ]
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        partition.take(records, TURN)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    count = partition.live_values
    store.close()
    return (after - before) / count, count


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="carillon-bench-") as _folder:
        _bytes, _count = live_value_bytes(USERS, EVENTS, Path(_folder))
    show(line("growth", _bytes, "bytes/live value", None, None, series="live", live_values=_count))
