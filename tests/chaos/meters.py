"""What a process uses, read from the system's tables."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from app.clock import monotonic_s

UTIME, STIME = 11, 12  # places in /proc/PID/stat, counted after the name
REMOTE, INODE = 2, 9  # places in /proc/PID/net/tcp
TICKS_S = os.sysconf("SC_CLK_TCK")


class Reading(NamedTuple):
    """One process at one moment."""

    at_s: float
    cpu_s: float
    resident_mb: float
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


def sockets(pid: int, *but_to: int) -> int:
    """How many sockets a process has open, those to these ports left out, whatever state the others are in."""
    inodes = {name[len("socket:[") : -1] for name in _open_files(pid) if name.startswith("socket:[")}
    for line in Path(f"/proc/{pid}/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        if int(fields[REMOTE].rpartition(":")[2], 16) in but_to:
            inodes.discard(fields[INODE])
    return len(inodes)


def _open_files(pid: int) -> Iterator[str]:
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            yield str(each.readlink())
