"""What a process has: memory, descriptors, and what it has written to its log."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Used(NamedTuple):
    """Bytes of resident memory, open descriptors, bytes of log."""

    resident: int
    descriptors: int
    log: int


def used_by(pid: int, log: Path | None = None) -> Used:
    """As the kernel tells it."""
    place = Path(f"/proc/{pid}")
    lines = (place / "status").read_text(encoding="utf-8").splitlines()
    kilobytes = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
    return Used(kilobytes << 10, len(list((place / "fd").iterdir())), log.stat().st_size if log else 0)
