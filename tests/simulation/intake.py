"""A worker's fetch: polls cut at random, from the partitions that are its own, open, and not paused."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from random import Random

from app.turns.ports import Record
from tests.simulation.broker import Part, Place, SimBroker
from tests.simulation.loop import Process, SimLoop

Offer = Callable[[str, int, Sequence[Record]], None]
Lost = Callable[[str, int, int], None]


class SimIntake:
    """The turns' Intake on the simulated broker; what it fetches goes to `offer`."""

    def __init__(
        self, loop: SimLoop, dice: Random, broker: SimBroker, process: Process, pause_s: float, most: int
    ) -> None:
        self.is_flowing = False
        self.owned: set[Place] = set()
        self.offer: Offer = lambda _topic, _partition, _records: None
        self.lost: Lost = lambda _topic, _partition, _offset: None
        self._loop = loop
        self._dice = dice
        self._broker = broker
        self._process = process
        self._pause_s = pause_s
        self._most = most
        self._positions: dict[Place, int] = {}
        self._fetched: dict[Place, bool] = {}
        self._is_polling = False
        self._polls: deque[tuple[str, int, Sequence[Record]]] = deque()

    def own(self, places: set[Place]) -> None:
        """The group has said what is ours; the rest is fetched no more."""
        self.owned = places
        self._positions = {place: at for place, at in self._positions.items() if place in places}
        self._fetched = {place: on for place, on in self._fetched.items() if place in places}

    def seek(self, place: Place, offset: int) -> None:
        """Fetch from there."""
        if place in self.owned:
            self._positions[place] = offset
            self._fetched[place] = True
            self.look()

    def pause(self, topic: str, partition: int) -> None:
        """Out of the fetch."""
        self._fetched[topic, partition] = False

    def resume(self, topic: str, partition: int) -> None:
        """Back where it stands."""
        if (topic, partition) in self.owned:
            self._fetched[topic, partition] = True
            self.look()

    def passed(self, topic: str, partition: int, offset: int) -> int:
        """Beyond offsets that hold no record, as far as the fetch has gone."""
        position = self._positions.get((topic, partition), offset)
        if position <= offset:
            return offset
        following = self._broker.part(topic, partition).fetch(offset, 1)
        return min(position, following[0].offset) if following else position

    async def start_at(self, topic: str, partition: int, offset: int) -> None:
        """Fetch from `offset` on; another thread does it, so it takes a moment."""
        done = self._loop.create_future()
        self._loop.call_later(self._dice.random() * self._pause_s, _finish, done)
        await done
        self.seek((topic, partition), offset)

    def look(self) -> None:
        """Poll soon: there may be something."""
        if not self._is_polling:
            self._is_polling = True
            delay_s = self._dice.random() * self._pause_s
            self._loop.call_later(delay_s, self._poll, context=self._process.context)

    def _poll(self) -> None:
        self._is_polling = False
        if not self.is_flowing:
            return
        more = False
        for place in sorted(self._fetched):
            if self._fetched[place]:
                more |= self._poll_one(self._broker.part(*place), self._positions.get(place, 0))
        if more:
            self.look()

    def _hand_over(self) -> None:
        """Polls go on in the order in which they came, each a moment after it was fetched."""
        self.offer(*self._polls.popleft())

    def _poll_one(self, part: Part, position: int) -> bool:
        """Hand over some of what this partition has; True where there is more."""
        if position < part.begin:
            self._fetched[part.place] = False
            self.lost(*part.place, position)
            return False
        if position >= part.end:
            return False
        if self._dice.random() < 0.1:
            return True
        records = part.fetch(position, self._dice.randint(1, self._most))
        at = records[-1].offset + 1 if records else part.end
        self._positions[part.place] = at if self._dice.random() > 0.02 else max(part.begin, position - 2)
        if records:
            self._polls.append((*part.place, records))
            self._loop.call_soon(self._hand_over, context=self._process.context)
        return at < part.end or self._positions[part.place] != at


def _finish(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)
