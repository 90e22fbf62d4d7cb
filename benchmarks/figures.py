"""Every benchmark several times, and one table of lowest, median and highest: what README.md's figures are made of.

    python -m benchmarks.figures [--times 5] [--raw FILE] [NAME...]
    python -m benchmarks.figures --read FILE

The rounds go through all benchmarks one after the other, so that a slow hour of the machine falls on all of them. Raw
lines are kept in a file as they come; a table can be made of them again.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.lines import rounded, say

RUNS = {
    "engine": ("benchmarks.engine",),
    "workers": ("benchmarks.engine", "--workers", "2"),
    "latency": ("benchmarks.latency",),
    "timers": ("benchmarks.timers",),
    "restore": ("benchmarks.restore",),
    "peers": ("benchmarks.peers",),
    "live": ("benchmarks.live",),
    "growth": ("benchmarks.growth",),
}
TIMES = 5
RAW = Path(__file__).parents[1] / ".carillon" / "figures.jsonl"
LIMIT_S = 900.0
NAMING = ("bench", "unit", "workers", "rate", "phase", "series", "at", "reference")
COUNTED = ("value", "reference_value", "ratio", "per_cpu_second", "reference_per_cpu_second", "cpu_ratio", "p50_ms",
           "p99_ms", "reference_p99_ms", "worker_cores", "busy_cores", "resident_mb")  # fmt: skip

Line = dict[str, Any]


def run(name: str) -> list[Line]:
    """One benchmark once. Raises RuntimeError where it fails."""
    say(f"--- {name}")
    command = [sys.executable, "-m", *RUNS[name]]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=LIMIT_S, check=False)  # noqa: S603 - ours
    if done.returncode != 0:
        raise RuntimeError(f"{name} ended with {done.returncode}")
    return list(read(done.stdout.decode().splitlines()))


def read(lines: Iterable[str]) -> Iterator[Line]:
    """The JSON lines among these."""
    for line in lines:
        if line.startswith("{"):
            yield msgspec.json.decode(line)


def grouped(lines: Iterable[Line]) -> dict[str, list[Line]]:
    """The lines of the same measurement together, in the order in which they first came."""
    found: dict[str, list[Line]] = {}
    for line in lines:
        name = " · ".join(_named(key, line[key]) for key in NAMING if line.get(key) is not None)
        found.setdefault(name, []).append(line)
    return found


def _named(key: str, value: Any) -> str:
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    return shown if key in ("bench", "unit", "phase", "series") else f"{key} {shown}"


def table(lines: Iterable[Line]) -> str:
    """Lowest, median and highest of every number that counts."""
    rows = ["| | | lowest | median | highest | runs |", "|---|---|---:|---:|---:|---:|"]
    for name, group in grouped(lines).items():
        shown = name
        for key in COUNTED:
            values = [float(line[key]) for line in group if line.get(key) is not None]
            if values:
                spread = (min(values), statistics.median(values), max(values))
                numbers = " | ".join(f"{rounded(value):,}" for value in spread)
                rows.append(f"| {shown} | {key} | {numbers} | {len(values)} |")
                shown = ""
    return "\n".join(rows)


def main() -> None:
    """Measure, or read what was measured, and print the table."""
    given = _arguments()
    if given.read is not None:
        print(table(read(given.read.read_text(encoding="utf-8").splitlines())))
        return
    lines: list[Line] = []
    given.raw.parent.mkdir(parents=True, exist_ok=True)
    with given.raw.open("a", encoding="utf-8") as raw:
        for number in range(given.times):
            say(f"=== round {number + 1} of {given.times}")
            for name in given.names or RUNS:
                for line in run(name):
                    lines.append(line)
                    raw.write(msgspec.json.encode(line).decode() + "\n")
                raw.flush()
    print(table(lines))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.figures", description="Every benchmark, several times.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(RUNS)}; none: all")
    parser.add_argument("--times", type=int, default=TIMES, help="rounds")
    parser.add_argument("--raw", type=Path, default=RAW, help="where the lines go")
    parser.add_argument("--read", type=Path, help="measure nothing: the table of these lines")
    given = parser.parse_args()
    if unknown := [name for name in given.names if name not in RUNS]:
        parser.error(f"there is no {unknown[0]!r}; there are {', '.join(RUNS)}")
    return given


if __name__ == "__main__":
    main()
