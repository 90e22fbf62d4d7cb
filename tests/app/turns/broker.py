"""A broker in memory: atomic batches, producer epochs, fences from the first append on, and answers that get lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence

from app.turns.opening import IDENTITY_KEY
from app.turns.ports import Fence, JournalMissing, Mail, Pair, Refused, Unanswered
from app.turns.watermark import SOURCE
from tests.app.turns.memory import MemoryRecord


class MemoryBroker:
    """One partition of everything: a journal, topics, and one transactional id. `pid` changes as epochs run out."""

    def __init__(self, identity: bytes | None = b"identity") -> None:
        self.journal: list[tuple[bytes, bytes | None]] = (
            [] if identity is None else [(IDENTITY_KEY, identity)]
        )
        self.topics: dict[str, list[MemoryRecord]] = {}
        self.pid = 1
        self.epoch = -1
        self.known_epoch = -1
        self.lose_next_answer = False
        self.refused = 0

    def log(self) -> MemoryLog:
        """A log of its own for each opening."""
        return MemoryLog(self)

    def publish(
        self, topic: str, key: bytes | None, value: bytes | None, source: bytes | None = None
    ) -> None:
        """Append one record to a topic."""
        records = self.topics.setdefault(topic, [])
        headers = () if source is None else ((SOURCE, source),)
        records.append(MemoryRecord(topic, 0, len(records), 100 + len(records), key, value, headers))

    def append(self, epoch: int, pairs: Sequence[Pair]) -> int:
        """The journal's part of the protocol: an epoch older than the newest that has appended is refused."""
        if epoch < self.known_epoch:
            self.refused += 1
            raise Refused("an older epoch")
        self.known_epoch = epoch
        self.journal.extend(pairs)
        return len(self.journal) - len(pairs)


class MemoryLog:
    """The turns' Log on the broker in memory."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker
        self._epoch = -1

    async def identity(self) -> bytes:
        """The first record's value."""
        await asyncio.sleep(0)
        if not self._broker.journal or self._broker.journal[0][0] != IDENTITY_KEY:
            raise JournalMissing("no identity")
        return self._broker.journal[0][1] or b""

    async def fence(self) -> Fence:
        """The next epoch; the broker refuses older ones only once this one has appended."""
        await asyncio.sleep(0)
        self._broker.epoch += 1
        self._epoch = self._broker.epoch
        return Fence(self._broker.pid, self._epoch)

    async def append(self, pairs: Sequence[Pair], time_ms: int) -> int:
        """One atomic batch."""
        await asyncio.sleep(0)
        at = self._broker.append(self._epoch, pairs)
        if self._broker.lose_next_answer:
            self._broker.lose_next_answer = False
            raise Unanswered("the answer was lost")
        return at

    def fits(self, pairs: Sequence[Pair]) -> bool:
        """Everything fits."""
        return True

    async def _chunks(
        self, start: int, stop: int
    ) -> AsyncIterator[Sequence[tuple[int, bytes, bytes | None]]]:
        for at in range(start, min(stop, len(self._broker.journal)), 3):
            await asyncio.sleep(0)
            records = self._broker.journal[at : min(at + 3, stop)]
            yield [(at + place, key, value) for place, (key, value) in enumerate(records)]

    def read(self, start: int, stop: int) -> AsyncIterator[Sequence[tuple[int, bytes, bytes | None]]]:
        """Chunks of three."""
        return self._chunks(start, stop)

    async def relay(self, mail: Iterable[tuple[Mail, bytes]], time_ms: int) -> None:
        """To the topics."""
        for message, source in mail:
            await asyncio.sleep(0)
            self._broker.publish(message.topic, message.key, message.value, source)

    async def end_of(self, topic: str) -> int:
        """How many records it has."""
        return len(self._broker.topics.get(topic, ()))

    async def close(self) -> None:
        """Nothing to let go of."""
