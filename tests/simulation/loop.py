"""An event loop without a world outside: time jumps, and one seeded scheduler picks which callback runs next.

Whatever is ready may run next, so every interleaving at an await can occur. Each callback belongs to the process in
whose context it was scheduled: those of a dead process never run, those of a frozen one wait until it thaws.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
from asyncio import events
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from random import Random
from typing import Any

PROCESS: ContextVar[Process | None] = ContextVar("process", default=None)


class Process:
    """One operating system process of the simulated world. `context`: what its callbacks are scheduled in."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_dead = False
        self.is_frozen = False
        self.parked: list[Handle] = []
        self.context = copy_context()
        self.context.run(PROCESS.set, self)


class Handle:
    """A callback that was scheduled; asyncio calls `cancel` and `when`."""

    __slots__ = ("_when", "args", "callback", "context", "is_cancelled", "process")

    def __init__(self, callback: Any, args: Any, context: Context | None, when: float = 0.0) -> None:
        self.callback = callback
        self.args = args
        self.context = copy_context() if context is None else context
        self.process = self.context.get(PROCESS)
        self.is_cancelled = False
        self._when = when

    def cancel(self) -> None:
        """It will not run."""
        self.is_cancelled = True

    def cancelled(self) -> bool:
        """Was it cancelled?"""
        return self.is_cancelled

    def when(self) -> float:
        """Its time on the loop's clock."""
        return self._when


class SimTask(asyncio.Task[Any]):
    """A task whose place in a set depends on when it was made, not on where it lies in memory."""

    made = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        SimTask.made += 1
        self.number = SimTask.made
        super().__init__(*args, **kwargs)

    def __hash__(self) -> int:
        return self.number


class SimLoop:
    """The parts of an event loop that coroutines need. `stepped` is called after every `next_strike`-th step."""

    def __init__(self, dice: Random) -> None:
        self.now_s = 0.0
        self.steps = 0
        self.next_strike = 1 << 62
        self.stepped: Callable[[Process | None], None] = lambda _process: None
        self.stopped = False
        self._random = dice.random
        self._ready: list[Handle] = []
        self._later: list[tuple[float, int, Handle]] = []
        self._scheduled = 0
        self._over = False
        self._tasks: list[SimTask] = []

    def time(self) -> float:
        """Seconds since the world began."""
        return self.now_s

    def call_soon(self, callback: Any, *args: Any, context: Context | None = None) -> Any:
        """Ready from now on; `context` None: the caller's own."""
        handle = Handle(callback, args, context)
        if not self._over:
            self._ready.append(handle)
        return handle

    def call_at(self, when: float, callback: Any, *args: Any, context: Context | None = None) -> Any:
        """Ready from that time on."""
        handle = Handle(callback, args, context, when)
        if not self._over:
            self._scheduled += 1
            heapq.heappush(self._later, (when, self._scheduled, handle))
        return handle

    def call_later(self, delay: float, callback: Any, *args: Any, context: Context | None = None) -> Any:
        """Ready in so many seconds."""
        return self.call_at(self.now_s + delay, callback, *args, context=context)

    def create_future(self) -> asyncio.Future[Any]:
        """A future of this loop."""
        this: Any = self
        return asyncio.Future(loop=this)

    def create_task(self, coro: Coroutine[Any, Any, Any], **kwargs: Any) -> Any:
        """A task of this loop."""
        task = SimTask(coro, loop=self, **kwargs)
        self._tasks.append(task)
        return task

    def get_debug(self) -> bool:
        """Never."""
        return False

    def is_running(self) -> bool:
        """While there is a world."""
        return not self._over

    def is_closed(self) -> bool:
        """Once there is none."""
        return self._over

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Tasks of dead processes are destroyed while they wait: that is what dying is."""

    def thaw(self, process: Process) -> None:
        """What a frozen process had to do is ready again."""
        process.is_frozen = False
        self._ready += process.parked
        process.parked = []

    def run(self, limit: int) -> bool:
        """Run until `stopped`; False where nothing is left to do, or the limit of steps is reached."""
        before = events._get_running_loop()
        this: Any = self
        events._set_running_loop(this)
        try:
            while not self.stopped:
                if self.steps >= limit or not (self._ready or self._advance()):
                    return False
                self._step()
        finally:
            events._set_running_loop(before)
        return True

    def _step(self) -> None:
        ready = self._ready
        count = len(ready)
        if count > 1:
            place = int(self._random() * count)
            handle, ready[place] = ready[place], ready[-1]
            ready.pop()
        else:
            handle = ready.pop()
        if handle.is_cancelled:
            return
        process = handle.process
        if process is not None and (process.is_dead or process.is_frozen):
            process.parked.append(handle)  # kept: what is destroyed would run its last words
            return
        handle.context.run(handle.callback, *handle.args)
        self.steps += 1
        if self.steps >= self.next_strike:
            self.stepped(process)

    def _advance(self) -> bool:
        """Jump to the next time at which something is to be done."""
        later = self._later
        while later and later[0][2].is_cancelled:
            heapq.heappop(later)
        if not later:
            return False
        self.now_s = max(self.now_s, later[0][0])
        while later and later[0][0] <= self.now_s:
            self._ready.append(heapq.heappop(later)[2])
        return True

    def close(self) -> None:
        """The end of the world: nothing more is scheduled, and nobody gets to say more than last words."""
        self._over = True
        self._ready.clear()
        self._later.clear()
        for task in self._tasks:
            if not task.done():
                with contextlib.suppress(Exception):
                    task.get_coro().close()
        self._tasks.clear()
