"""The rows of a click log, as its CSV has them, and the order in which they count."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple


class Row(NamedTuple):
    """One row in its place: `number` counts the sorted rows from 0, `at_s` is seconds since the epoch."""

    number: int
    at_s: int
    user: str
    event: str
    lifecycle: str


def epoch_s(text: str) -> int:
    """Read `2024-03-13 10:21:14`, which is UTC, as seconds since the epoch."""
    return int(datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp())


def in_order(fields: Iterable[Mapping[str, str]]) -> list[Row]:
    """Sort by time; rows of the same second keep the order of the file."""
    ordered = sorted(fields, key=lambda each: epoch_s(each["timestamp"]))
    return [
        Row(number, epoch_s(each["timestamp"]), each["user_id"], each["event"], each["user_lifecycle"])
        for number, each in enumerate(ordered)
    ]


def read_csv(path: Path) -> list[dict[str, str]]:
    """Read a CSV file, packed by gzip or plain."""
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8", newline="") as packed:
            return list(csv.DictReader(packed))
    with path.open(encoding="utf-8", newline="") as plain:
        return list(csv.DictReader(plain))
