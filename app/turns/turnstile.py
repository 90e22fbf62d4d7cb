"""One long turn at a time: between two of a worker's long turns the event loop looks at everything else."""

from __future__ import annotations

import asyncio
from collections import deque

SHORT = 64


class Turnstile:
    """Shared by all partitions of a worker. A turn of many records holds the loop for its length, and every partition
    that has a backlog has one ready; what somebody waits for meanwhile must not stand behind all of them.
    """

    def __init__(self) -> None:
        self._is_taken = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def through(self, queued: int, ready_ms: int | None) -> None:
        """Wait for one's turn where it will be a long one: more than 64 records, or timers, which may be many.

        Whoever has come through must decide before it waits for anything.
        """
        if queued <= SHORT and ready_ms is None:
            return
        loop = asyncio.get_running_loop()
        while self._is_taken:
            future = loop.create_future()
            self._waiting.append(future)
            try:
                await future
            except asyncio.CancelledError:
                self._call_next()  # it may have been this one's turn
                raise
        self._is_taken = True
        loop.call_soon(self._open)

    def _open(self) -> None:
        self._is_taken = False
        self._call_next()

    def _call_next(self) -> None:
        while self._waiting and not self._is_taken:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(None)
                return
