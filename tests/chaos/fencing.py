"""C32: an old owner that appends at every point of a new one's opening, on a real journal, by the real appender."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from app.clock import SystemClock
from app.turns.kafka_log import KafkaLog
from app.turns.opening import OPENED_KEY, Opening, Progress, open_partition
from app.turns.ports import Fence, Pair, Refused
from tests.app.turns.memory import MemoryStore
from tests.chaos.lines import OwnLines
from tests.integration.tiny import Place

KEY = b"\x10%d"
POINTS = ("identity", "identified", "fence", "fenced", "opened", "reading", "open")
SETTLES = ("identity", "identified", "fence", "fenced")
"""Before the record `opened`: what is appended here counts."""


@dataclass
class Tried:
    """What became of the old owner's appends: by point, accepted or refused; and what should not have been."""

    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class NewLog(KafkaLog):
    """The new owner's log, that calls back at every point of an opening."""

    at: Callable[[str], Awaitable[None]]

    async def identity(self) -> bytes:
        """Before and after."""
        await self.at("identity")
        found = await super().identity()
        await self.at("identified")
        return found

    async def fence(self) -> Fence:
        """Before and after."""
        await self.at("fence")
        taken = await super().fence()
        await self.at("fenced")
        return taken

    async def append(self, pairs: Sequence[Pair], time_ms: int) -> int:
        """After `opened`."""
        place = await super().append(pairs, time_ms)
        await self.at("opened")
        return place

    async def read(self, start: int, stop: int) -> AsyncIterator[Sequence[tuple[int, bytes, bytes | None]]]:
        """With every chunk."""
        async for chunk in super().read(start, stop):
            await self.at("reading")
            yield chunk


class Unopened(NewLog):
    """A broken build: its `opened` is no record of the journal."""

    async def append(self, pairs: Sequence[Pair], time_ms: int) -> int:
        """Only pretend."""
        if pairs[0][0] != OPENED_KEY:
            return await super().append(pairs, time_ms)
        place = max(
            [0, *[offset + 1 async for chunk in KafkaLog.read(self, 0, 1 << 62) for offset, _, _ in chunk]]
        )
        await self.at("opened")
        return place


class Heirs:
    """Owners of one journal, each opening while the one before it appends."""

    def __init__(self, place: Place, make: type[NewLog] = NewLog) -> None:
        self._place = place
        self._make = make
        self._number = 0
        self._wires = OwnLines(place.kafka.bootstrap, "heirs")
        self.tried = Tried()

    async def first(self) -> NewLog:
        """Somebody who owns it."""
        await self._wires.start()
        log = self._new(_nothing)
        await self._open(log, MemoryStore())
        return log

    def _new(self, at: Callable[[str], Awaitable[None]]) -> NewLog:
        place = self._place
        log = self._make(self._wires.lines, f"{place.topics.app}.tiny.0", place.journal, 0)
        log.at = at
        return log

    async def _open(self, log: NewLog, store: MemoryStore) -> Opening:
        return await open_partition(log, store, (), "heir", SystemClock(), 0.0, Progress())

    async def at_point(self, old: NewLog, point: str) -> NewLog:
        """The old owner appends once, at this point; the new one's log."""
        accepted: dict[bytes, int] = {}
        key = self._next_key()

        async def strike(here: str) -> None:
            if here == point:
                await self._append(old, key, accepted)

        log, store = self._new(strike), MemoryStore()
        opening = await self._open(log, store)
        await strike("open")
        self.tried.ends[f"{point}: {'accepted' if accepted else 'refused'}"] += 1
        if bool(accepted) != (point in SETTLES):
            self.tried.wrong.append(f"{point}: accepted {sorted(accepted.values())}")
        await self._judge(old, accepted, opening, store)
        return log

    async def in_a_race(self, old: NewLog, dice: random.Random) -> NewLog:
        """The old owner appends without a pause while the new one opens; the new one's log."""
        accepted: dict[bytes, int] = {}
        over = asyncio.Event()

        async def go_on() -> None:
            while not over.is_set() and await self._append(old, self._next_key(), accepted):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(over.wait(), dice.uniform(0, 0.002))

        task = asyncio.create_task(go_on())
        await asyncio.sleep(dice.uniform(0, 0.02))
        log, store = self._new(_nothing), MemoryStore()
        opening = await self._open(log, store)
        over.set()
        await task
        self.tried.ends["in a race: accepted"] += len(accepted)
        await self._judge(old, accepted, opening, store)
        return log

    async def _judge(
        self, old: NewLog, accepted: dict[bytes, int], opening: Opening, store: MemoryStore
    ) -> None:
        """Accepted means restored, and before `opened`; from then on it is refused, always."""
        opened_at = opening.position - 1
        for key, place in accepted.items():
            if place >= opened_at:
                self.tried.wrong.append(f"{key!r} was accepted at {place}, `opened` stands at {opened_at}")
            if store.get(key) is None:
                self.tried.wrong.append(f"{key!r} was accepted at {place} and is not in the restored state")
        for _ in range(2):
            if await self._append(old, self._next_key(), {}):
                self.tried.wrong.append("the old owner was accepted after the new one was open")
            else:
                self.tried.ends["afterwards: refused"] += 1
        await old.close()

    async def _append(self, old: NewLog, key: bytes, accepted: dict[bytes, int]) -> bool:
        try:
            accepted[key] = await KafkaLog.append(old, [(key, b"v")], 1)
        except Refused:
            return False
        return True

    async def last(self, log: NewLog) -> Tried:
        """Nobody follows this one."""
        await log.close()
        await self._wires.close()
        return self.tried

    def _next_key(self) -> bytes:
        self._number += 1
        return KEY % self._number


async def _nothing(_point: str) -> None:
    return


async def append_at_every_point(place: Place, times: int, make: type[NewLog] = NewLog) -> Tried:
    """That many openings, the points in turn."""
    heirs = Heirs(place, make)
    owner = await heirs.first()
    for number in range(times):
        owner = await heirs.at_point(owner, POINTS[number % len(POINTS)])
    return await heirs.last(owner)


async def append_in_races(place: Place, times: int, seed: int) -> Tried:
    """That many openings under an old owner that never stops."""
    heirs, dice = Heirs(place), random.Random(seed)
    owner = await heirs.first()
    for _ in range(times):
        owner = await heirs.in_a_race(owner, dice)
    return await heirs.last(owner)
