"""One ordered producer: every message in its place, as fast as they go."""

import asyncio
from collections.abc import Callable, Iterable

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from app.demo.errors import UNREACHABLE, DemoError
from app.demo.replay import Message

_LINGER_MS = 5


async def feed(
    bootstrap: str, topic: str, messages: Iterable[tuple[str, Message]], done: Callable[[], None]
) -> None:
    """Produce them all, keyed by user, and wait until Kafka has them; `done` is called for each row."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, linger_ms=_LINGER_MS
    )
    try:
        await producer.start()
        await _send_all(producer, topic, messages, done)
    except KafkaError as error:
        why = f"{type(error).__name__}: {error}"
        raise DemoError("the events cannot be produced", why, "See that Kafka runs", UNREACHABLE) from error
    finally:
        await producer.stop()


async def _send_all(
    producer: AIOKafkaProducer,
    topic: str,
    messages: Iterable[tuple[str, Message]],
    done: Callable[[], None],
) -> None:
    encoder = msgspec.json.Encoder()
    answers = []
    for user, message in messages:
        answers.append(await producer.send(topic, encoder.encode(message), key=user.encode()))
        if message["type"] == "track":
            done()
    await asyncio.gather(*answers)
