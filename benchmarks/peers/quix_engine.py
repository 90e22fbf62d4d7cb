"""The work on Quix Streams: one stateful step over RocksDB with a changelog, orders to a topic.

    python -m benchmarks.peers.quix_engine BOOTSTRAP GROUP TOPIC ORDERS RULES FOLDER EVENTS LIMIT_S COMMIT_S

Runs in a virtual environment of its own, where nothing of ours is installed: `work.py` needs nothing. Stops by
itself after that many events, or after the limit since the first; then, with its last commit made, prints events,
seconds, processor seconds and orders.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from quixstreams import Application, State, message_context

from benchmarks.peers.work import Work, new_state, time_of

OFTEN = 64  # events between two looks at the clock


def own_cpu_s() -> float:
    """Seconds of user and system time of this process, all its threads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Count:
    """What has been done, from the first event on, and whether it is enough."""

    def __init__(self, events: int, limit_s: float) -> None:
        self._events = events
        self._limit_s = limit_s
        self._done = 0
        self._started_s = self._used_s = 0.0
        self.orders = 0

    def one(self) -> bool:
        """One more event is done; the first one starts the clock. True where it was the last one."""
        self._done += 1
        if self._done == 1:
            self._started_s, self._used_s = time.perf_counter(), own_cpu_s()
        is_late = self._done % OFTEN == 0 and time.perf_counter() - self._started_s > self._limit_s
        return self._done == self._events or is_late

    def measured(self) -> dict[str, float]:
        """Events, seconds and processor seconds since the first event."""
        return {
            "records": self._done - 1,
            "seconds": time.perf_counter() - self._started_s,
            "cpu_seconds": own_cpu_s() - self._used_s,
            "orders": self.orders,
        }


def step(work: Work, count: Count, end: Callable[[], None]) -> Any:
    """The stateful function: an event and its user's state to the orders that follow."""

    def decide(event: dict[str, Any], key: Any, _timestamp: int, _headers: Any, store: State) -> list[Any]:
        user = key.decode() if isinstance(key, bytes) else key
        state = store.get("user") or new_state()
        now_ms = time_of(event)
        orders = work.fire(user, state, now_ms)
        orders += work.decide(user, state, event, message_context().offset, now_ms)
        store.set("user", state)
        count.orders += len(orders)
        if count.one():
            end()
        return orders

    return decide


def run(engine: Application, topic: str, orders: str, rules: Path, count: Count) -> None:
    """Until the count ends it, and its last commit is through."""
    events = engine.topic(topic, key_deserializer="bytes", value_deserializer="json")
    sink = engine.topic(orders, key_serializer="bytes", value_serializer="json")
    frame = engine.dataframe(events)
    work = Work(json.loads(rules.read_text(encoding="utf-8")))
    frame = frame.apply(step(work, count, engine.stop), stateful=True, expand=True, metadata=True)
    frame.to_topic(sink)
    engine.run()


if __name__ == "__main__":
    _bootstrap, _group, _topic, _orders, _rules, _folder, _events, _limit_s, _commit_s = sys.argv[1:]
    _engine = Application(
        broker_address=_bootstrap,
        consumer_group=_group,
        auto_offset_reset="earliest",
        state_dir=_folder,
        loglevel="WARNING",
        commit_interval=float(_commit_s),
    )
    _count = Count(int(_events), float(_limit_s))
    run(_engine, _topic, _orders, Path(_rules), _count)
    sys.stdout.write(json.dumps(_count.measured()) + "\n")
    sys.stdout.flush()
    os._exit(0)  # nothing is left that would be missed
