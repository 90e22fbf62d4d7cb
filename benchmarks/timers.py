"""The timer index of one partition with a million waiting: arm, cancel, fire, peek, and the memory it takes.

    python -m benchmarks.timers [--timers N] [--fired N]

The product's index over the product's RocksDB, in turns as a partition saves them; no Kafka. A hot peek is the one
before every event; a first peek is that of an index just opened, which knows nothing and asks the store.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from app.clock import monotonic_s
from app.turns.ports import Store
from app.turns.timers import Timers
from benchmarks.lines import line, say, show
from benchmarks.processor_time import own_cpu_s, resident_mb
from tables.store import Folders
from tables.users import AGENDA

TIMERS = 1_000_000
FIRED = 500_000
CANCELLED = 100_000
TURN = 1_000
SPREAD_MS = 86_400_000
START_MS = 1_780_300_800_000
HOT_PEEKS = 100_000
HOT_ROUNDS = 5
FIRST_PEEKS = 15

Timer = tuple[int, bytes]


class Index:
    """A timer index as a partition keeps it: changed in turns, each saved in one write."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.timers = Timers(store)

    def save(self) -> None:
        """What the relay does at the end of a turn."""
        number, pairs = self.timers.commit()
        self.store.write(pairs)
        self.timers.saved(number, pairs)

    def arm(self, wanted: Sequence[Timer]) -> None:
        """One turn of timers."""
        for due_ms, key in wanted:
            self.timers.add(due_ms, key)
            self.timers.peek()
        self.save()

    def cancel(self, unwanted: Sequence[Timer]) -> None:
        """One turn of answers."""
        for due_ms, key in unwanted:
            self.timers.remove(due_ms, key)
            self.timers.peek()
        self.save()

    def fire(self, count: int) -> None:
        """One turn of due timers, in their order."""
        timers = self.timers
        for _ in range(count):
            first = timers.first()
            if first is None:
                raise RuntimeError("nothing is left to fire")
            timers.remove(*first)
        self.save()


def made(count: int, dice: random.Random) -> list[int]:
    """Due times of `count` users within a day; the user is the place in the list."""
    return [START_MS + dice.randrange(SPREAD_MS) for _ in range(count)]


def timer(dues: list[int], user: int) -> Timer:
    """What the index is given for a user."""
    return dues[user], AGENDA.prefix + b"u-%d" % user


def hot_peek_us(index: Index) -> float:
    """Microseconds of a peek with the nearest timers at hand: the median of some rounds."""
    peek, taken = index.timers.peek, []
    for _ in range(HOT_ROUNDS):
        used_s = own_cpu_s()
        for _ in range(HOT_PEEKS):
            peek()
        taken.append(own_cpu_s() - used_s)
    return statistics.median(taken) / HOT_PEEKS * 1e6


def first_peek_us(index: Index) -> float:
    """Microseconds of the first peek of an index just opened: the median of some."""
    taken = []
    for _ in range(FIRST_PEEKS):
        fresh = Timers(index.store)
        started_s = monotonic_s()
        fresh.peek()
        taken.append(monotonic_s() - started_s)
    return statistics.median(taken) * 1e6


def phase(name: str, count: int, do: Callable[[int, int], None]) -> None:
    """Do something `count` times, a turn at a time, and print what it cost."""
    say(f"{name}: {count:,}")
    started_s, used_s = monotonic_s(), own_cpu_s()
    for start in range(0, count, TURN):
        do(start, min(TURN, count - start))
    seconds, cpu_seconds = monotonic_s() - started_s, own_cpu_s() - used_s
    show(told(name, count / seconds, "timers/s", None, None, per_cpu_second=count / cpu_seconds))


def told(
    name: str, value: float, unit: str, reference: str | None, reference_value: float | None, **more: Any
) -> dict[str, Any]:
    """A line with the phase it belongs to, and the memory of this process after it."""
    more["resident_mb"] = resident_mb(os.getpid())
    return line("timers", value, unit, reference, reference_value, phase=name, **more)


def peeks(index: Index, when: str, before: tuple[float, float] | None) -> tuple[float, float]:
    """Print both peeks, beside those before."""
    found = hot_peek_us(index), first_peek_us(index)
    for place, kind in enumerate(("peek", "first peek")):
        reference = None if before is None else f"{kind} before"
        show(told(f"{kind} {when}", found[place], "us", reference, before[place] if before else None))
    return found


def measure(folder: Path, timers: int, fired: int) -> None:
    """All phases, one after the other, on one index."""
    dice = random.Random(1)  # noqa: S311 - the point is that it repeats
    more = min(CANCELLED, timers)
    dues = made(timers + more, dice)
    show(told("empty", 0, "timers", None, None))
    index = Index(Folders(folder).open("users", 0))
    phase("arm", timers, lambda at, n: index.arm([timer(dues, user) for user in range(at, at + n)]))
    late = range(timers, timers + more)
    phase("arm more", more, lambda at, n: index.arm([timer(dues, user) for user in late[at : at + n]]))
    phase("cancel", more, lambda at, n: index.cancel([timer(dues, user) for user in late[at : at + n]]))
    before = peeks(index, "before", None)
    phase("fire", fired, lambda _at, n: index.fire(n))
    peeks(index, f"after {fired:,} fired", before)
    index.store.close()


def main() -> None:
    """Measure in a folder of its own."""
    given = _arguments()
    folder = Path(tempfile.mkdtemp(prefix="carillon-bench-"))
    try:
        measure(folder, given.timers, min(given.fired, given.timers))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench timers", description="The timer index with a million waiting."
    )
    parser.add_argument("--timers", type=int, default=TIMERS, help="how many are armed")
    parser.add_argument("--fired", type=int, default=FIRED, help="how many of them fire")
    return parser.parse_args()


if __name__ == "__main__":
    main()
