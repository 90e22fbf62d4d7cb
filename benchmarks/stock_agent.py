"""Faust as it comes: one agent, JSON values, a RocksDB table that counts events per user.

    python -m benchmarks.stock_agent BOOTSTRAP APP TOPIC PARTITIONS EVENTS LIMIT_S FOLDER

Ends by itself after that many events, or after the limit since the first one; then prints events, seconds and
processor seconds.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import faust

from app.clock import monotonic_s
from benchmarks.lines import show
from benchmarks.processor_time import own_cpu_s

OFTEN = 64  # events between two looks at the clock


class Count:
    """What the agent has done, from its first event on."""

    def __init__(self, events: int, limit_s: float) -> None:
        self._events = events
        self._limit_s = limit_s
        self._done = -1
        self._started_s = self._used_s = 0.0

    def one(self) -> None:
        """One more event is done; the first one starts the clock. The last one ends the process."""
        self._done += 1
        if self._done == 0:
            self._started_s, self._used_s = monotonic_s(), own_cpu_s()
        elif self._done == self._events or (self._done % OFTEN == 0 and self._is_late()):
            self._end()

    def _is_late(self) -> bool:
        return monotonic_s() - self._started_s > self._limit_s

    def _end(self) -> None:
        show(
            {
                "records": self._done,
                "seconds": monotonic_s() - self._started_s,
                "cpu_seconds": own_cpu_s() - self._used_s,
            }
        )
        os._exit(0)  # a stop in good order takes its time, and nobody needs it


def make(bootstrap: str, name: str, topic: str, partitions: int, folder: str, count: Count) -> Any:
    """The app, with every setting of Faust's own choice but names, partitions, where to begin and where to print."""
    engine = faust.App(
        name,
        broker=f"kafka://{bootstrap}",
        store="rocksdb://",
        datadir=folder,
        topic_partitions=partitions,
        consumer_auto_offset_reset="earliest",
        web_enabled=False,
        worker_redirect_stdouts=False,
    )
    per_user = engine.Table("per-user", default=int, partitions=partitions)

    async def tally(stream: Any) -> None:
        async for event in stream:
            per_user[event["userId"]] += 1
            count.one()

    engine.agent(engine.topic(topic, value_serializer="json"), name=f"{name}.tally")(tally)
    return engine


if __name__ == "__main__":
    _bootstrap, _name, _topic, _partitions, _events, _limit_s, _folder = sys.argv[1:]
    _count = Count(int(_events), float(_limit_s))
    _engine = make(_bootstrap, _name, _topic, int(_partitions), _folder, _count)
    _engine.Worker(loglevel="ERROR").execute_from_commandline()
