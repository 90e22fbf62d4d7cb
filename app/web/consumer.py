"""One group-less Kafka consumer, opened when it is first needed and kept."""

from __future__ import annotations

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer


class SharedConsumer:
    """Whoever asks while it opens waits for the same one. `options` are those of aiokafka's consumer."""

    def __init__(self, bootstrap: str, **options: Any) -> None:
        self._options = {
            "bootstrap_servers": bootstrap,
            "group_id": None,
            "enable_auto_commit": False,
        } | options
        self._consumer: AIOKafkaConsumer | None = None
        self._starting = asyncio.Lock()

    async def started(self) -> AIOKafkaConsumer:
        """The consumer. Raises KafkaError where no broker answers; the next call tries again."""
        async with self._starting:
            if self._consumer is None:
                consumer = AIOKafkaConsumer(**self._options)
                try:
                    await consumer.start()
                except BaseException:
                    await consumer.stop()
                    raise
                self._consumer = consumer
            return self._consumer

    async def stop(self) -> None:
        """Let go of the connection; the next call opens another."""
        if self._consumer is not None:
            consumer, self._consumer = self._consumer, None
            await consumer.stop()
