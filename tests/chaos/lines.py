"""The lines of one worker to Kafka, for tests that run partitions without a worker."""

from __future__ import annotations

from app.kafka_client.produce import Channel
from app.turns.kafka_log import Lines
from app.turns.relays import Relays


class OwnLines:
    """A channel and relays of its own."""

    def __init__(self, bootstrap: str, name: str) -> None:
        self._channel = Channel(bootstrap, name)
        self._relays = Relays(lambda: self._channel)
        self.lines = Lines(bootstrap, lambda: self._channel, self._relays, _no_ends)

    async def start(self) -> None:
        """Reach the broker."""
        await self._channel.start()

    async def close(self) -> None:
        """Let go."""
        await self._relays.close()
        await self._channel.close()


async def _no_ends(_topic: str, _partition: int) -> int:
    raise AssertionError("nobody here waits for the end of an input")
