"""How the cost of an event grows: with users, the size of a user's state, campaigns, partitions, and turn size.

    python -m benchmarks.growth [--events N] [--times N] [--users-to N] [--plots FOLDER] [--only SERIES]

The users actor over RocksDB in this process, without Kafka: what deciding and state cost. Users are there already,
with their whole history of ids; the system's page cache is emptied of their files before each point, so that a state
that does not fit into our caches is read from the disk.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from app.clock import monotonic_s
from app.partitioning import partition_of
from benchmarks.campaigns import COUNT, campaigns
from benchmarks.engine import START_MS
from benchmarks.lines import line, say, show
from benchmarks.one_partition import TOPICS, Event, InForce, OnePartition
from benchmarks.plot import Curve, plot
from benchmarks.population import Residents, fill, forget_pages
from benchmarks.processor_time import own_cpu_s
from tables.store import Folders

EVENTS = 40_000
WARM_UP = 5_000
TIMES = 1
USERS = 100_000
USERS_TO = 1_000_000
USERS_SERIES = (10_000, 100_000, 1_000_000, 10_000_000)
FILLERS = (0, 500, 2_000, 8_000)
CAMPAIGNS = (10, 100, 1_000, 10_000)
PARTITIONS = (1, 8, 32, 128)
TURNS = (1, 10, 100, 1_000, 4_000)
TURN = 1_000
SHARED_TURN = 100  # a partition's, where many share a poll
STEP_MS = 20.0


class Case(NamedTuple):
    """One point: everything but what its series varies is as in all the others."""

    series: str
    at: float
    users: int = USERS
    filler_bytes: int = 0
    campaigns: int = COUNT
    partitions: int = 1
    turn: int = TURN


class Cost(NamedTuple):
    """What a point came to."""

    events: int
    seconds: float
    cpu_seconds: float
    state_bytes: float
    disk_bytes: float
    journal_bytes: float
    message_bytes: float

    @property
    def cpu_rate(self) -> float:
        """Events per processor second."""
        return self.events / self.cpu_seconds


def cases(users_to: int) -> list[Case]:
    """Every point of every series."""
    return [
        *(Case("users", count, users=count) for count in USERS_SERIES if count <= users_to),
        *(Case("state", size, filler_bytes=size) for size in FILLERS),
        *(Case("campaigns", count, campaigns=count) for count in CAMPAIGNS),
        *(Case("partitions", count, partitions=count, turn=SHARED_TURN) for count in PARTITIONS),
        *(Case("turn", size, turn=size) for size in TURNS),
    ]


def run(case: Case, events: int) -> Cost:
    """One point on a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="carillon-bench-"))
    try:
        return _run(case, events, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(case: Case, events: int, folder: Path) -> Cost:
    folders, in_force = Folders(folder), in_force_of(case.campaigns)
    stores = [folders.open("users", number) for number in range(case.partitions)]
    state_bytes = fill(stores, case.users, case.filler_bytes)
    for store in stores:
        store.close()
    disk_bytes = sum(path.stat().st_size for path in folder.rglob("*.*")) / case.users
    forget_pages(folder)
    stores = [folders.open("users", number) for number in range(case.partitions)]
    partitions = [OnePartition(store, in_force, number) for number, store in enumerate(stores)]
    polls = list(_polls(case, events + WARM_UP))
    cost = _decide(polls, partitions, case.turn)
    decided = events + WARM_UP
    journal_bytes = sum(each.journal_bytes for each in partitions) / decided
    message_bytes = sum(each.message_bytes for each in partitions) / decided
    for store in stores:
        store.close()
    return Cost(*cost, state_bytes, disk_bytes, journal_bytes, message_bytes)


@cache
def in_force_of(count: int) -> InForce:
    """So many campaigns; reading ten thousand takes half a minute."""
    return InForce(campaigns(count))


def _polls(case: Case, count: int) -> Iterator[list[list[Event]]]:
    """Events as polls bring them, to each partition its share: a turn's worth on average."""
    offsets = [1 << 21] * case.partitions
    poll: list[list[Event]] = [[] for _ in offsets]
    source = Residents(case.users, START_MS, STEP_MS)
    for number, sent in enumerate(source.events(count), 1):
        key = sent.user.encode()
        place = partition_of(key, case.partitions, "murmur2") if case.partitions > 1 else 0
        poll[place].append(Event(TOPICS.events, place, offsets[place], START_MS, key, sent.value))
        offsets[place] += 1
        if number % (case.turn * case.partitions) == 0:
            yield poll
            poll = [[] for _ in offsets]
    yield poll


def _decide(
    polls: list[list[list[Event]]], partitions: Sequence[OnePartition], turn: int
) -> tuple[int, float, float]:
    """Decide everything; events, seconds and processor seconds after the warm-up."""
    done = counted = 0
    started_s = used_s = 0.0
    for poll in polls:
        if not counted and done >= WARM_UP:
            counted, started_s, used_s = done, monotonic_s(), own_cpu_s()
        for partition, records in zip(partitions, poll, strict=True):
            if records:
                partition.take(records, turn)
                done += len(records)
    return done - counted, monotonic_s() - started_s, own_cpu_s() - used_s


def measure(events: int, times: int, users_to: int, only: str | None, folder: Path | None) -> None:
    """Every point so many times, the median counts; the first of a series is its reference."""
    first: dict[str, Cost] = {}
    points: dict[str, list[tuple[float, float]]] = {}
    for case in cases(users_to):
        if only in (None, case.series):
            say(f"{case.series}: {case.at:,}")
            cost = median([run(case, events) for _ in range(times)])
            reference = first.setdefault(case.series, cost)
            x = cost.state_bytes if case.series == "state" else case.at
            points.setdefault(case.series, []).append((x, cost.cpu_rate))
            report(case, x, cost, reference, points[case.series][0][0])
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for series, found in points.items():
            (folder / f"growth-{series}.svg").write_text(picture(series, found), encoding="utf-8")


def median(costs: list[Cost]) -> Cost:
    """The one in the middle by its rate; the higher of two."""
    rate = statistics.median_high([cost.cpu_rate for cost in costs])
    return next(cost for cost in costs if cost.cpu_rate == rate)


def report(case: Case, x: float, cost: Cost, reference: Cost, reference_x: float) -> None:
    """Print the line."""
    show(
        line("growth", cost.cpu_rate, "events/CPU-second", f"{case.series} {reference_x:g}", reference.cpu_rate,
             series=case.series, at=x, per_second=cost.events / cost.seconds,
             seconds=cost.seconds, cpu_seconds=cost.cpu_seconds, events=cost.events, users=case.users,
             campaigns=case.campaigns, partitions=case.partitions, turn=case.turn, state_bytes=cost.state_bytes,
             disk_bytes=cost.disk_bytes, journal_bytes=cost.journal_bytes,
             message_bytes=cost.message_bytes)
    )  # fmt: skip


ACROSS = {
    "users": "users",
    "state": "bytes of state a user",
    "campaigns": "live campaigns",
    "partitions": "partitions in one worker",
    "turn": "events a turn",
}


def picture(series: str, points: list[tuple[float, float]]) -> str:
    """A series as a plot."""
    title = f"Events per processor second by {ACROSS[series]}"
    return plot(title, ACROSS[series], "events per processor second", [Curve(series, points)])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench growth", description="How the cost of an event grows.")
    add: Callable[..., object] = parser.add_argument
    add("--events", type=int, default=EVENTS, help="how many each point decides")
    add("--times", type=int, default=TIMES, help="how often each point is measured")
    add(
        "--users-to",
        type=int,
        default=USERS_TO,
        help="the largest number of users; 10000000 takes minutes and 5 GB",
    )
    add("--only", choices=tuple(ACROSS), help="one series")
    add("--plots", type=Path, help="where to draw the plots")
    return parser.parse_args()


if __name__ == "__main__":
    _given = _arguments()
    measure(_given.events, _given.times, _given.users_to, _given.only, _given.plots)
