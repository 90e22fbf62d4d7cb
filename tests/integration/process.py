"""A process of the program under test: its output in a file, its end by its own pid."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

CHECKOUT = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-m", "app")
STOP_LIMIT_S = 30.0
QUOTED = 6_000


class Said(NamedTuple):
    """What a command ended with, and what it said."""

    code: int
    out: str
    errors: str


def command_line(environment: Mapping[str, str], program: Sequence[str], *arguments: str) -> list[str]:
    """The program with these names set; everything else in the environment is inherited."""
    return ["env", *(f"{name}={value}" for name, value in environment.items()), *program, *arguments]


def run(environment: Mapping[str, str], *arguments: str, limit_s: float = 60.0) -> Said:
    """Run one command of the program to its end."""
    done = subprocess.run(
        command_line(environment, PROGRAM, *arguments),
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=limit_s,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


class Process:
    """A child in a session of its own; `log` has all that it said, its earlier lives included."""

    def __init__(
        self, name: str, log: Path, environment: Mapping[str, str], program: Sequence[str], *arguments: str
    ) -> None:
        self.name = name
        self.log = log
        self._asked = False
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command_line(environment, program, *arguments),
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def code(self) -> int | None:
        """What it ended with; None while it runs."""
        return self._process.poll()

    @property
    def is_staying(self) -> bool:
        """Does it run, and has nobody asked it to end?"""
        return self.code is None and not self._asked

    @property
    def pid(self) -> int:
        """Its process id; `env` gives way to the program, under the same number."""
        return self._process.pid

    @property
    def text(self) -> str:
        """All that it said so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def ended(self, limit_s: float) -> int:
        """Wait for its end; what it ended with."""
        return self._process.wait(limit_s)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(STOP_LIMIT_S)

    def freeze(self) -> None:
        """Let it do nothing from now on."""
        self._process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """Let a frozen process go on, as if no time had passed."""
        self._process.send_signal(signal.SIGCONT)

    def ask_to_end(self) -> None:
        """SIGTERM; does not wait."""
        self._asked = True
        self._process.terminate()

    def stop(self) -> int:
        """Ask it to end; what it ended with, -9 where it had to be forced."""
        if self.code is None:
            self.wake()
            self.ask_to_end()
            try:
                self._process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                self.kill()
        return self._process.wait(STOP_LIMIT_S)

    def last_words(self) -> str:
        """The end of its log, to be shown with a failure."""
        return f"--- {self.name}, ended with {self.code} ---\n{self.text[-QUOTED:]}"
