"""C10: a partition that is taken away while its journal is restored, again and again, and then may end."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.clock import SystemClock, monotonic_s
from app.turns import opening
from app.turns.deciding import Input
from app.turns.host import Host
from app.turns.kafka_log import KafkaLog
from app.turns.partition import Partition
from app.turns.ports import Owner, Pair, Phase, Ports
from app.turns.turnstile import Turnstile
from tables.store import Folders
from tests.chaos.folders import disagreements
from tests.chaos.lines import OwnLines
from tests.chaos.owner import ACTOR, Errand, Few, Records
from tests.integration.tiny import COUNTS, Count, Place

CHUNK = 25
LIMIT_S = 30.0
A_RECORD_S = 0.05
LOOK_S = 0.001


class SlowLog(KafkaLog):
    """The journal on Kafka, read in small chunks with a moment before each."""

    async def read(self, start: int, stop: int) -> AsyncIterator[Sequence[tuple[int, bytes, bytes | None]]]:
        """A few records at a time."""
        async for chunk in super().read(start, stop):
            for at in range(0, len(chunk), CHUNK):
                await asyncio.sleep(LOOK_S)
                yield chunk[at : at + CHUNK]


@dataclass
class Moved:
    """How often it was taken away in the middle of a restore, and how far each of these had come."""

    times: int = 0
    reached: list[int] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)


class Mover:
    """A group that gives a partition to one of two workers, each with a folder of its own, and takes it away."""

    def __init__(self, place: Place, folder: Path, records: int) -> None:
        self._place = place
        self.folders = [folder / "a", folder / "b"]
        self.crashes: list[BaseException] = []
        self.wires = OwnLines(place.kafka.bootstrap, "mover")
        errand = Errand(place.kafka.bootstrap, place.topics.app, "mover", str(folder), records)
        self.intakes = [Records(errand, place.topics.events) for _ in self.folders]
        self.hosts = [self._host(number) for number in range(len(self.folders))]

    def _host(self, number: int) -> Host:
        place, folders, intake = self._place, Folders(self.folders[number]), self.intakes[number]

        def ports(actor: str, partition: int) -> Ports:
            name = f"{place.topics.app}.{actor}.{partition}"
            lines, journal = self.wires.lines, place.journal
            return Ports(
                lambda: SlowLog(lines, name, journal, partition),
                lambda: folders.open(actor, partition),
                SystemClock(),
                intake,
                Turnstile(),
            )

        def actor(partition: Partition) -> Few:
            intake.partition = partition
            return Few(partition, place.topics)

        inputs, owner = [Input(place.topics.events, relayed=False)], Owner(f"w{number}", 0.0, 10.0)
        return Host(ACTOR, inputs, actor, ports, owner, self.crashes.append)

    async def give_and_take(self, number: int, part: float, moved: Moved) -> None:
        """Give it to a worker, and take it away once that part of what there is to restore is restored."""
        host = self.hosts[number]
        await host.assigned([0])
        progress = host.partitions[0].progress
        await self._until(lambda: progress.restoring, "a restore")
        goal = progress.start + int(part * (progress.end - progress.start))
        await self._until(lambda: progress.at > goal or not progress.restoring, "some of it")
        if progress.restoring:
            moved.times += 1
            moved.reached.append(progress.at)
        await host.revoked()
        await host.assigned([])

    async def give(self, number: int, records: int) -> None:
        """Give it to a worker for good: it must come to the end of all records."""
        host = self.hosts[number]
        await host.assigned([0])
        partition, topic = host.partitions[0], self._place.topics.events
        await self._until(lambda: partition.phase is Phase.READY, "the restore ends")
        limit_s = LIMIT_S + records * A_RECORD_S
        await self._until(lambda: partition.next_offset(topic) >= records, "the watermark advances", limit_s)
        await host.assigned([])
        await self.wires.close()

    async def _until(self, holds: Callable[[], bool], what: str, limit_s: float = LIMIT_S) -> None:
        end_s = monotonic_s() + limit_s
        while not holds():
            assert not self.crashes, self.crashes
            assert monotonic_s() < end_s, f"not within {limit_s:g} s: {what}"
            await asyncio.sleep(LOOK_S)


async def move_often(place: Place, folder: Path, times: int, records: int, seed: int) -> Moved:
    """Fill a journal; give and take it in mid-restore; let one end, with more records to decide; compare."""
    dice, moved = random.Random(seed), Moved()
    await place.begin()
    filler = Mover(place, folder / "filler", records)
    await filler.wires.start()
    await filler.give(0, records)
    more = records + 20
    mover = Mover(place, folder / "moved", more)
    await mover.wires.start()
    number = 0
    while moved.times < times and number < 3 * times:
        await mover.give_and_take(number % 2, dice.uniform(0.0, 0.2), moved)
        number += 1
    await mover.give(number % 2, more)
    moved.violations = _violations(place, mover, more)
    return moved


def _violations(place: Place, mover: Mover, records: int) -> list[str]:
    journal = place.kafka.read(place.journal, raw=True)
    wrong = [
        each
        for folder in mover.folders
        if (folder / ACTOR / "0").exists()
        for each in disagreements(folder / ACTOR / "0", journal)
    ]
    latest = {each.key(): each.value() for each in journal}
    count: Count = COUNTS.decode(latest[COUNTS.prefix + b"all"])
    if count.number != records:
        wrong.append(f"{count.number} records counted, of {records}")
    expected = [f"{number}:{number + 1}" for number in range(records)]
    return wrong if place.said() == expected else [*wrong, "what was said is not what had to be said"]


class _Boasting:
    """A store that writes down its position as that of the journal's end, whatever it is."""

    def __init__(self, store: Any, end: int) -> None:
        self._store = store
        self._place = (opening.POSITION_KEY, opening.number(end))

    def write(self, pairs: Iterable[Pair]) -> None:
        """With that position."""
        self._store.write([*(pair for pair in pairs if pair[0] != opening.POSITION_KEY), self._place])


@contextmanager
def boasting() -> Iterator[None]:
    """A broken build: a restore that has begun is written down as one that has ended."""
    restore: Any = opening.restore

    async def boast(log: Any, store: Any, tables: Any, position: int, stop: int, *others: Any) -> Any:
        return await restore(log, _Boasting(store, stop), tables, position, stop, *others)

    setattr(opening, "restore", boast)  # noqa: B010 - mypy knows its signature
    try:
        yield
    finally:
        setattr(opening, "restore", restore)  # noqa: B010 - mypy knows its signature
