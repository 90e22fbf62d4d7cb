"""The broker, as commands use it: asked first whether it answers, bounded in time, and its errors as sentences."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from app.cli.errors import CommandError, UnreachableError

ANSWER_LIMIT_S = 8.0
REQUEST_LIMIT_MS = 10_000
POLL_MS = 500

R = TypeVar("R")


def run(bootstrap: str, act: Callable[[], Awaitable[R]]) -> R:
    """Ask whether the broker answers, then act. Raises UnreachableError where it does not, or stops to."""
    for noisy in ("aiokafka", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(_act(bootstrap, act))


async def _act(bootstrap: str, act: Callable[[], Awaitable[R]]) -> R:
    try:
        await _reach(bootstrap)
        return await act()
    except KafkaError as error:
        raise unreachable(bootstrap, error) from error


async def _reach(bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=REQUEST_LIMIT_MS)
    try:
        async with asyncio.timeout(ANSWER_LIMIT_S):
            await admin.start()
    except TimeoutError as error:
        raise unreachable(bootstrap, error) from error
    finally:
        await admin.close()


def unreachable(bootstrap: str, error: Exception) -> UnreachableError:
    """Say that Kafka did not do what it was asked, and what to do."""
    why = str(error) or f"{type(error).__name__}: no answer within {ANSWER_LIMIT_S:.0f} s"
    return UnreachableError(
        f"Kafka at {bootstrap} cannot be used: {why.rstrip('.')}. Start one with "
        "`python -m app kafka start`, or name a running one in CARILLON_KAFKA."
    )


@asynccontextmanager
async def consumer(bootstrap: str) -> AsyncIterator[Any]:
    """A consumer outside of every group, which leaves no trace."""
    client = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=None,
        enable_auto_commit=False,
        request_timeout_ms=REQUEST_LIMIT_MS,
    )
    try:
        await client.start()
        yield client
    finally:
        await client.stop()


@asynccontextmanager
async def producer(bootstrap: str) -> AsyncIterator[Any]:
    """A producer whose records are all there, once and in order, when it says so."""
    client = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        enable_idempotence=True,
        linger_ms=2,
        request_timeout_ms=REQUEST_LIMIT_MS,
    )
    try:
        await client.start()
        yield client
    finally:
        await client.stop()


async def partition_count(bootstrap: str, topic: str) -> int:
    """How many partitions a topic has. Raises CommandError where there is no such topic."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=REQUEST_LIMIT_MS)
    try:
        await admin.start()
        if topic not in await admin.list_topics():
            raise CommandError(
                f"There is no topic {topic}. Run `python -m app setup` first; it makes what is missing."
            )
        described = await admin.describe_topics([topic])
        return len(described[0]["partitions"])
    finally:
        await admin.close()


async def read_whole(bootstrap: str, topic: str) -> AsyncIterator[Any]:
    """Every record that the topic has now, partition by partition in order."""
    count = await partition_count(bootstrap, topic)
    places = [TopicPartition(topic, number) for number in range(count)]
    async with consumer(bootstrap) as client:
        begins, ends = await client.beginning_offsets(places), await client.end_offsets(places)
        begin_at(client, begins)
        while await _behind(client, ends):
            for records in (await client.getmany(timeout_ms=POLL_MS)).values():
                for record in records:
                    yield record


def begin_at(client: Any, offsets: Mapping[TopicPartition, int]) -> None:
    """Read these partitions from these offsets on. Nothing is awaited between: no other position is asked for."""
    client.assign(list(offsets))
    for place, offset in offsets.items():
        client.seek(place, offset)


async def _behind(client: Any, ends: Mapping[TopicPartition, int]) -> bool:
    for place, end in ends.items():
        if await client.position(place) < end:
            return True
    return False
