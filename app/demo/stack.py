"""The demo's processes: started with their output in a file each, watched, and stopped by process id."""

import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from app.demo.errors import DemoError

PROGRAM = (sys.executable, "-m", "app")

_QUOTED_LINES = 15
_STOP_LIMIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Child:
    """One process of ours, and where its output goes."""

    name: str
    process: Process
    log: Path

    def last_lines(self) -> str:
        """Return the end of its output, to be quoted."""
        with self.log.open(encoding="utf-8", errors="replace") as lines:
            return "".join(f"\n  {line.rstrip()}" for line in deque(lines, _QUOTED_LINES)) or " nothing"


class Stack:
    """All processes of a run, the last one started first to be stopped. None outlives the `async with`."""

    def __init__(self, logs: Path, program: Sequence[str] = PROGRAM) -> None:
        self._logs = logs
        self._program = program
        self._children: list[Child] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop what is left. What a process ends with matters only where nothing went wrong before."""
        try:
            await self._stop_rest()
        finally:
            for child in self._children:
                if child.process.returncode is None:
                    child.process.kill()

    async def start(self, name: str, environment: Mapping[str, str], *arguments: str) -> Child:
        """Start the program with these arguments; returns at once."""
        child = await self._spawn(name, environment, arguments)
        self._children.append(child)
        return child

    async def run(self, name: str, environment: Mapping[str, str], *arguments: str) -> None:
        """Run one command of the program to its end. Raises DemoError where it fails."""
        child = await self._spawn(name, environment, arguments)
        try:
            code = await child.process.wait()
        except asyncio.CancelledError:
            child.process.kill()
            raise
        if code != 0:
            raise DemoError(
                f"the command {' '.join(arguments[:2])} failed",
                f"it ended with {code} and last said{child.last_lines()}",
                f"All that it said is in {child.log}",
            )

    def check(self) -> None:
        """Raise DemoError where a process has ended by itself."""
        for child in self._children:
            code = child.process.returncode
            if code is not None:
                why = f"it ended with {code} and last said{child.last_lines()}"
                raise DemoError(f"the {child.name} died", why, f"All that it said is in {child.log}")

    async def stop(self) -> None:
        """Stop all, each by SIGTERM. Raises DemoError where one does not end by itself and with 0."""
        codes = await self._stop_rest()
        wrong = [f"the {name} ended with {code}" for name, code in codes.items() if code != 0]
        if wrong:
            raise DemoError("not everything stopped cleanly", ", ".join(wrong), f"Look into {self._logs}")

    async def _spawn(self, name: str, environment: Mapping[str, str], arguments: tuple[str, ...]) -> Child:
        """Start a process in a session of its own: an interrupt of this terminal reaches only us."""
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self._logs / f"{name.replace(' ', '-')}.log"
        named = [f"{key}={value}" for key, value in environment.items()]
        command = ["env", *named, *self._program, *arguments]
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=DEVNULL, stdout=output, stderr=STDOUT, start_new_session=True
            )
        return Child(name, process, log)

    async def _stop_rest(self) -> dict[str, int]:
        codes: dict[str, int] = {}
        while self._children:
            codes[self._children[-1].name] = await _end(self._children[-1])
            self._children.pop()
        return dict(reversed(codes.items()))


async def _end(child: Child) -> int:
    """Ask a process to end, and return its exit code; negative, the signal that had to end it."""
    process = child.process
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    try:
        return await asyncio.wait_for(process.wait(), _STOP_LIMIT_S)
    except TimeoutError:
        process.kill()
        return await process.wait()
