"""The broker's process, found again by its pid file from any other process."""

import os
import signal
import subprocess
import time
from pathlib import Path

from app.clock import monotonic_s

_POLL_S = 0.05
_STATE, _THREADS = 0, 17  # places in /proc/PID/stat, counted after the name


def running_pid(pid_file: Path, mark: str) -> int | None:
    """Return the pid in the file, if that process lives and its command line holds the mark."""
    try:
        pid = int(pid_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return pid if mark in _command_line(pid) else None


def end(pid: int, mark: str, number: signal.Signals, limit_s: float) -> bool:
    """Send a signal and wait; return whether the process ended within the limit."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return True
    until = monotonic_s() + limit_s
    while mark in _command_line(pid) or _is_closing(pid):
        if monotonic_s() > until:
            return False
        time.sleep(_POLL_S)
        _reap(pid)
    return True


def _reap(pid: int) -> None:
    """Let go of it where it is our own child; else whoever started it does."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def _is_closing(pid: int) -> bool:
    """Return whether it has lost its command line, but not yet its threads, and so its ports and files."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return False
    return fields[_STATE] not in "ZX" or int(fields[_THREADS]) > 1


def _command_line(pid: int) -> str:
    """Return how a process was started, empty where there is none."""
    if Path("/proc/self/cmdline").exists():
        try:
            raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return ""
        return raw.replace(b"\0", b" ").decode(errors="replace")
    asked = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout
