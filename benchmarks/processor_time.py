"""How much processor time a process has used, all its threads together; another one's on Linux only."""

from __future__ import annotations

import os
import resource
from pathlib import Path

_USER, _SYSTEM = 11, 12  # places in /proc/PID/stat, counted after the name
_IDLE, _STEAL = (3, 4), 8  # places in /proc/stat: idle and waiting for disks; what follows is counted already
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """Seconds of user and system time since the process started. Raises OSError where it is gone."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICKS_A_SECOND


def own_cpu_s() -> float:
    """Seconds of user and system time of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def machine_busy_s() -> float:
    """Seconds that all cores of this machine have worked, for whomever, since it started."""
    fields = Path("/proc/stat").read_text(encoding="utf-8").splitlines()[0].split()[1:]
    return (
        sum(int(ticks) for place, ticks in enumerate(fields[:_STEAL]) if place not in _IDLE) / _TICKS_A_SECOND
    )


def resident_mb(pid: int) -> float:
    """Resident memory in megabytes. Raises OSError where the process is gone."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
