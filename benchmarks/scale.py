"""What so many users a day need: workers, partitions, brokers, disk, restore time; arithmetic over measured costs.

    python -m benchmarks.scale [--write docs/scale.md]

Prints the tables of docs/scale.md. Put newer figures into `MEASURED` and write the page's tables anew.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from benchmarks.lines import say

DAY_S = 86_400
MARKS = ("<!-- measured -->", "<!-- assumed -->", "<!-- needs -->")
DAILY_USERS = (1_000_000, 10_000_000, 100_000_000)


@dataclass(frozen=True, slots=True)
class Measured:
    """What one event, one user and one record cost, with the benchmark that says so."""

    events_per_cpu_second: float  # engine: per_cpu_second
    large_state_ratio: float  # growth users: the slowest point to the first
    broker_events_per_cpu_second: float  # engine: events / broker_cpu_seconds
    restore_records_per_second: float  # restore: value
    state_bytes: float  # growth: state_bytes
    disk_bytes: float  # growth: disk_bytes
    live_value_bytes: float  # live: value
    worker_mb: float  # engine: resident_mb, 20,000 users in 8 partitions
    event_bytes: float  # the benchmark's clickstream
    journal_bytes: float  # growth: journal_bytes an event in turns of 10
    message_bytes: float  # growth: message_bytes an event (decisions, orders, inbox)


@dataclass(frozen=True, slots=True)
class Assumed:
    """What nobody can measure beforehand; change it to what you know of your users."""

    events_a_day: float = 20.0  # of a user who comes that day
    peak: float = 4.0  # the busiest minute to the mean of the day
    known_per_daily: float = 3.0  # users with a state for each one who comes that day
    values_per_user: float = 2.2  # profile, activity, and an agenda for one in five
    busy: float = 0.5  # how busy a core is planned to be at the peak
    copies: int = 3  # replication factor
    events_days: float = 3.0  # retention of `events`
    messages_days: float = 30.0  # retention of decisions and the rest
    broker_cores: int = 8
    disk_filled: float = 0.6  # how full a disk may be
    away_s: float = 120.0  # how long the partitions of a lost machine may be away
    live_values: int = 24_000  # app/turns/state.py: twice CACHED, in each partition
    caches_mb: float = 128.0  # tables/store.py: block cache and write buffers


@dataclass(frozen=True, slots=True)
class Needs:
    """What a load needs."""

    mean_per_second: float
    peak_per_second: float
    workers: int
    partitions: int
    worker_mb: float
    worker_disk_gb: float
    lost_folder_s: float
    everything_lost_s: float
    brokers: int
    broker_disk_gb: float
    broker_mb_per_second: float


MEASURED = Measured(
    events_per_cpu_second=38_800,
    large_state_ratio=0.42,
    broker_events_per_cpu_second=169_000,
    restore_records_per_second=253_600,
    state_bytes=473,
    disk_bytes=366,
    live_value_bytes=1_454,
    worker_mb=290,
    event_bytes=420,
    journal_bytes=466,
    message_bytes=53,
)


def needs(daily_users: int, measured: Measured, assumed: Assumed) -> Needs:
    """The arithmetic. A worker is one process and uses one core."""
    mean = daily_users * assumed.events_a_day / DAY_S
    peak = mean * assumed.peak
    known = daily_users * assumed.known_per_daily
    records = known * assumed.values_per_user
    workers = _workers(peak, records, measured, assumed)
    partitions = _power_of_two(max(8, 4 * workers))
    held = -(-partitions // workers)
    restore = measured.restore_records_per_second
    state_gb = known * measured.disk_bytes / 1e9
    broker_disk_gb = _broker_disk_gb(mean, state_gb, measured, assumed)
    written = measured.event_bytes + measured.journal_bytes + measured.message_bytes
    broker_cpu = peak * assumed.copies / (measured.broker_events_per_cpu_second * assumed.busy)
    brokers = max(assumed.copies, math.ceil(broker_cpu / assumed.broker_cores))
    live = min(assumed.live_values, records / partitions)
    return Needs(
        mean_per_second=mean,
        peak_per_second=peak,
        workers=workers,
        partitions=partitions,
        worker_mb=measured.worker_mb + assumed.caches_mb + held * live * measured.live_value_bytes / 1e6,
        worker_disk_gb=state_gb / (workers - 1) * 2 / assumed.disk_filled,
        lost_folder_s=records / workers / (workers - 1) / restore,
        everything_lost_s=records / workers / restore,
        brokers=brokers,
        broker_disk_gb=broker_disk_gb / brokers / assumed.disk_filled,
        broker_mb_per_second=peak * written * assumed.copies / brokers / 1e6,
    )


def _workers(peak: float, records: float, measured: Measured, assumed: Assumed) -> int:
    """Enough for the peak with one of them gone, and for its state to be restored in time by the others."""
    rate = measured.events_per_cpu_second * measured.large_state_ratio * assumed.busy
    workers = max(2, math.ceil(peak / rate) + 1)
    while records / workers / (workers - 1) / measured.restore_records_per_second > assumed.away_s:
        workers += 1
    return workers


def _broker_disk_gb(mean: float, state_gb: float, measured: Measured, assumed: Assumed) -> float:
    """Of all brokers together; a journal holds the state, and as much again until it is compacted."""
    events = mean * DAY_S * assumed.events_days * measured.event_bytes
    messages = mean * DAY_S * assumed.messages_days * measured.message_bytes
    return ((events + messages) / 1e9 + 2 * state_gb) * assumed.copies


def _power_of_two(least: int) -> int:
    return 1 << (least - 1).bit_length()


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, numbers to the right."""
    lines = [f"| {' | '.join(head)} |", f"|---|{'---:|' * (len(head) - 1)}"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])


def said(value: float) -> str:
    """Two digits that count below a hundred, whole numbers with commas above."""
    if value >= 100:  # noqa: PLR2004 - three digits
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{float(f'{value:.2g}'):g}"


NAMES = {
    "mean_per_second": "events a second, mean",
    "peak_per_second": "events a second, peak",
    "workers": "workers (processes, one core each), one of them to spare",
    "partitions": "partitions",
    "worker_mb": "memory of a worker, MB",
    "worker_disk_gb": "disk of a worker, GB",
    "lost_folder_s": "restore after one worker's folder is lost, s",
    "everything_lost_s": "restore after every folder is lost, s",
    "brokers": "brokers",
    "broker_disk_gb": "disk of a broker, GB",
    "broker_mb_per_second": "written by a broker at the peak, MB/s",
}


def pages(measured: Measured, assumed: Assumed) -> dict[str, str]:
    """The tables of the page, by the mark that they follow."""
    found = [needs(daily, measured, assumed) for daily in DAILY_USERS]
    rows = [[name, *(said(getattr(each, field)) for each in found)] for field, name in NAMES.items()]
    head = ["daily users", *(f"{daily // 1_000_000} million" for daily in DAILY_USERS)]
    return dict(
        zip(
            MARKS,
            (_figures(measured, "measured"), _figures(assumed, "assumed"), table(head, rows)),
            strict=True,
        )
    )


def _figures(given: Measured | Assumed, head: str) -> str:
    rows = [[field.name.replace("_", " "), said(getattr(given, field.name))] for field in fields(given)]
    return table([head, "value"], rows)


def write(page: Path, tables: dict[str, str]) -> None:
    """Put each table behind its mark, up to the next empty line after it. Raises ValueError where a mark is missing."""
    text = page.read_text(encoding="utf-8")
    for mark, content in tables.items():
        before, found, after = text.partition(mark)
        if not found:
            raise ValueError(f"{page} has no {mark}")
        old = after.split("\n\n", 1)
        text = f"{before}{mark}\n{content}\n\n{old[1] if len(old) > 1 else ''}"
    page.write_text(text, encoding="utf-8")


def main() -> None:
    """Print or write the tables."""
    parser = argparse.ArgumentParser(prog="benchmarks.scale", description="What so many users a day need.")
    parser.add_argument("--write", type=Path, help="the page whose tables are replaced")
    given = parser.parse_args()
    tables = pages(MEASURED, Assumed())
    if given.write is None:
        print("\n\n".join(tables.values()))
    else:
        write(given.write, tables)
        say(f"{given.write} has new tables")


if __name__ == "__main__":
    main()
