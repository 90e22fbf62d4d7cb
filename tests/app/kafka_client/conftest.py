"""A fetch from a cluster in memory, and whoever is handed what it brings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiokafka import TopicPartition

from app.kafka_client import fetch as module
from app.kafka_client.fetch import Fetch, OutOfRange, Polls
from tests.app.kafka_client.cluster import Cluster
from tests.app.kafka_client.hurried import run

A, B, C = (TopicPartition("t", number) for number in range(3))


class Taker:
    """Whoever is handed what was fetched."""

    def __init__(self) -> None:
        self.polls: list[Polls] = []
        self.lost: list[OutOfRange] = []
        self.crashed: list[BaseException] = []

    def offsets(self, place: TopicPartition) -> list[int]:
        """Of every record handed over, in order."""
        return [record.offset for poll in self.polls for record in poll.get(place, ())]


@pytest.fixture
def cluster() -> Cluster:
    """Broker 1 leads A and B, broker 2 leads C; each holds three records."""
    made = Cluster({A: 1, B: 1, C: 2})
    for log in made.logs.values():
        log.add(b"0", b"1")
        log.add(b"2")
    return made


@pytest.fixture
def taker() -> Taker:
    """Whoever is handed what was fetched."""
    return Taker()


@pytest.fixture
def on(
    cluster: Cluster, taker: Taker, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[Fetch], Awaitable[Any]]], Any]:
    """Run something with a started fetch from the cluster."""
    monkeypatch.setattr(module, "AIOKafkaClient", lambda **_: cluster)

    def with_fetch(work: Callable[[Fetch], Awaitable[Any]]) -> Any:
        async def whole() -> Any:
            fetch = Fetch("", "me", taker.polls.append, taker.lost.append, taker.crashed.append)
            await fetch.start({"t"})
            fetch.release()
            try:
                return await work(fetch)
            finally:
                await fetch.close()

        return run(whole())

    return with_fetch
