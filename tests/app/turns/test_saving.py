"""Writes to the state folder: at once on a quick disk, beside the event loop on a slow one."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterable

from app.turns.ports import Pair
from app.turns.saving import SLOW_S, Saving
from tests.app.turns.memory import MemoryStore

PAIRS: list[Pair] = [(b"key", b"value")]
LIMIT_S = 20.0


class Disk(MemoryStore):
    """A store whose writes take as long as is said, by a clock of its own, and wait at a gate in a thread."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self.takes_s = 0.0
        self.gate = threading.Event()
        self.gate.set()
        self.threads: list[int] = []

    def now_ms(self) -> int:
        """Its clock is the test's too."""
        return round(self.now_s * 1000)

    def monotonic_s(self) -> float:
        """The same in seconds."""
        return self.now_s

    def write(self, pairs: Iterable[Pair]) -> None:
        """Take the time, and say which thread waited."""
        self.threads.append(threading.get_ident())
        assert self.gate.wait(LIMIT_S)
        self.now_s += self.takes_s
        super().write(pairs)


async def test_a_quick_write_is_done_where_it_is_asked_for() -> None:
    disk = Disk()
    saving = Saving()
    for _ in range(3):
        await saving.write(disk, PAIRS, disk)
    assert disk.threads == [threading.get_ident()] * 3


async def test_after_a_slow_write_others_leave_the_loop_until_they_are_quick() -> None:
    disk = Disk()
    saving = Saving()
    here = threading.get_ident()
    disk.takes_s = 2 * SLOW_S
    await saving.write(disk, PAIRS, disk)
    await saving.write(disk, PAIRS, disk)
    disk.takes_s = 0.0
    await saving.write(disk, PAIRS, disk)
    await saving.write(disk, PAIRS, disk)
    assert [thread == here for thread in disk.threads] == [True, False, False, True]


async def test_the_loop_goes_on_under_a_slow_write_and_a_cancelled_one_is_waited_for() -> None:
    disk = Disk()
    saving = Saving()
    saving.is_slow = True
    disk.gate.clear()
    task = asyncio.create_task(saving.write(disk, PAIRS, disk))
    async with asyncio.timeout(LIMIT_S):
        while not disk.threads:  # noqa: ASYNC110 - a thread says so
            await asyncio.sleep(0)
        task.cancel()
        for _ in range(3):
            await asyncio.sleep(0)
        assert not task.done()
        disk.gate.set()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert task.cancelled()
    assert disk.values == {b"key": b"value"}
