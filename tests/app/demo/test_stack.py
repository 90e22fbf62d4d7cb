"""The demo's processes: started, watched, stopped."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from app.demo.errors import DemoError
from app.demo.stack import Child, Stack

SCRIPT = (sys.executable, "-u", "-c")
SAYS_ITS_NAME = "import os; print(os.environ['NAME'], flush=True)"
WAITS = (
    "import signal, sys; signal.signal(15, lambda *_: sys.exit(0)); print('up', flush=True); signal.pause()"
)
FAILS = "import sys; print('the cat is out'); sys.exit(3)"


async def said(child: Child, text: str) -> None:
    while text not in child.log.read_text():  # noqa: ASYNC110 - only the file tells
        await asyncio.sleep(0.01)


async def test_a_command_finds_its_environment_and_leaves_its_output(tmp_path: Path) -> None:
    async with Stack(tmp_path, SCRIPT) as stack:
        await stack.run("setup", {"NAME": "Ada"}, SAYS_ITS_NAME)
    assert (tmp_path / "setup.log").read_text() == "Ada\n"


async def test_a_command_that_fails_is_quoted(tmp_path: Path) -> None:
    async with Stack(tmp_path, SCRIPT) as stack:
        with pytest.raises(DemoError, match=r"(?s)ended with 3 and last said\n  the cat is out"):
            await stack.run("setup", {}, FAILS)


async def test_a_process_that_dies_is_noticed_and_quoted(tmp_path: Path) -> None:
    async with Stack(tmp_path, SCRIPT) as stack:
        child = await stack.start("worker 1", {}, FAILS)
        await child.process.wait()
        with pytest.raises(DemoError, match=r"(?s)the worker 1 died.*the cat is out.*worker-1\.log"):
            stack.check()


async def test_processes_are_asked_to_end_and_end_with_0(tmp_path: Path) -> None:
    async with Stack(tmp_path, SCRIPT) as stack:
        child = await stack.start("worker 1", {}, WAITS)
        await said(child, "up")
        stack.check()
        await stack.stop()
        assert child.process.returncode == 0


async def test_a_process_that_does_not_end_with_0_is_named(tmp_path: Path) -> None:
    async with Stack(tmp_path, SCRIPT) as stack:
        child = await stack.start("worker 1", {}, WAITS.replace("exit(0)", "exit(70)"))
        await said(child, "up")
        with pytest.raises(DemoError, match="the worker 1 ended with 70"):
            await stack.stop()


async def test_no_process_outlives_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        await fail_after_starting(tmp_path)
    pid = int((tmp_path / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def fail_after_starting(folder: Path) -> None:
    async with Stack(folder, SCRIPT) as stack:
        child = await stack.start("worker 1", {}, WAITS)
        await said(child, "up")
        (folder / "pid").write_text(str(child.process.pid))
        raise ZeroDivisionError
