"""What a process uses, read from the system's tables."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from app.clock import monotonic_s

UTIME, STIME = 11, 12  # places in /proc/PID/stat, counted after the name
TICKS_S = os.sysconf("SC_CLK_TCK")


class Reading(NamedTuple):
    """One process at one moment."""

    at_s: float
    cpu_s: float
    resident_mb: float
    descriptors: int
    log_bytes: int


def read(pid: int, log: Path) -> Reading:
    """Look at a running process and its log."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    resident_kb = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])
    return Reading(
        monotonic_s(),
        (int(fields[UTIME]) + int(fields[STIME])) / TICKS_S,
        resident_kb / 1024,
        len(os.listdir(f"/proc/{pid}/fd")),
        log.stat().st_size,
    )


class Spent(NamedTuple):
    """What lies between two readings."""

    seconds: float
    cpu_share: float
    grown_mb: float
    log_bytes_s: float

    def told(self) -> str:
        """For the summary."""
        return (
            f"{self.cpu_share:.0%} of a core, {self.grown_mb:+.0f} MB, "
            f"{self.log_bytes_s / 1024:.1f} kB of log a second over {self.seconds:.0f} s"
        )


def between(first: Reading, last: Reading) -> Spent:
    """What a process has spent from one reading to another."""
    seconds = last.at_s - first.at_s
    return Spent(
        seconds,
        (last.cpu_s - first.cpu_s) / seconds,
        last.resident_mb - first.resident_mb,
        (last.log_bytes - first.log_bytes) / seconds,
    )
