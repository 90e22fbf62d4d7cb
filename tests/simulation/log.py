"""The turns' Log on the simulated broker."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from functools import partial
from random import Random

from app.turns.opening import IDENTITY_KEY
from app.turns.ports import Fence, JournalMissing, Mail, Pair, Refused, Unanswered
from app.turns.watermark import SOURCE
from tests.simulation.broker import Line, OldEpoch, OutOfOrder, Place, SimBroker
from tests.simulation.network import Network


class SimLog:
    """One opening's journal partition and its fenced appender."""

    def __init__(
        self,
        broker: SimBroker,
        network: Network,
        dice: Random,
        transactional_id: str,
        home: Place,
        most_pairs: int = 1 << 30,
        fenced: Callable[[Place, Fence], None] = lambda _home, _fence: None,
    ) -> None:
        self.home = home
        self.owner: Fence | None = None
        self.sequence = 0
        self._broker = broker
        self._network = network
        self._dice = dice
        self._transactional_id = transactional_id
        self._most_pairs = most_pairs
        self._fenced = fenced

    async def identity(self) -> bytes:
        """The first record's value."""
        first = await self._network.start(lambda: self._broker.part(*self.home).records[:1])
        if not first or first[0].key != IDENTITY_KEY:
            raise JournalMissing(f"{self.home} has no identity")
        return bytes(first[0].value or b"")

    async def fence(self) -> Fence:
        """The next epoch of this journal's name."""
        pid, epoch = await self._network.start(lambda: self._broker.init_producer(self._transactional_id))
        self.owner = Fence(pid, epoch)
        self._fenced(self.home, self.owner)
        return self.owner

    async def append(self, pairs: Sequence[Pair], time_ms: int) -> int:
        """One atomic batch under the next sequence number."""
        if self.owner is None:
            raise Unanswered("the appender is closed")
        (pid, epoch), sequence = self.owner, self.sequence
        lines: list[Line] = [(key, value, ()) for key, value in pairs]
        self.sequence += len(lines)

        def arrive() -> int:
            try:
                return self._broker.produce(self.home, pid, epoch, sequence, lines)[0]
            except (OldEpoch, OutOfOrder) as error:
                raise Refused(str(error)) from error

        return int(await self._network.start(arrive))

    def fits(self, pairs: Sequence[Pair]) -> bool:
        """As many pairs as a batch of this world takes."""
        return len(pairs) <= self._most_pairs

    async def _chunks(
        self, start: int, stop: int
    ) -> AsyncIterator[Sequence[tuple[int, bytes, bytes | None]]]:
        part = self._broker.part(*self.home)
        stop = min(stop, await self._network.start(lambda: part.end))
        while start < stop:
            count = self._dice.choice((1, 3, 20, 500))
            found = await self._network.start(partial(part.fetch, start, count))
            chunk = [(r.offset, r.key or b"", r.value) for r in found if r.offset < stop]
            if not chunk:
                return
            start = chunk[-1][0] + 1
            yield chunk

    def read(self, start: int, stop: int) -> AsyncIterator[Sequence[tuple[int, bytes, bytes | None]]]:
        """Chunks of any size."""
        return self._chunks(start, stop)

    async def relay(self, mail: Iterable[tuple[Mail, bytes]], time_ms: int) -> None:
        """One batch for each place, each sent again until it is answered: what comes twice is the receivers' matter."""
        groups: dict[Place, list[Line]] = {}
        for message, source in mail:
            partition = self.home[1] if message.partition is None else message.partition
            line = (message.key, message.value, ((SOURCE, source),))
            groups.setdefault((message.topic, partition), []).append(line)
        answers = [
            self._network.start(partial(self._broker.publish, place, lines))
            for place, lines in groups.items()
        ]
        for answer in answers:
            await answer

    async def end_of(self, topic: str) -> int:
        """The end of this partition of a topic."""
        return int(await self._network.start(lambda: self._broker.part(topic, self.home[1]).end))

    async def close(self) -> None:
        """What is on its way stays on its way."""
        self.owner = None
