"""How a turn's state gets to its folder: at once, or beside the event loop while the disk is slow.

A write takes tens of microseconds, less than it would cost to hand it to a thread. On a disk that stalls it takes
seconds, and the loop with it: after the first such write all others go to threads, until they are quick again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from app.turns.ports import Clock, Pair, Store, Unstored

SLOW_S = 0.1


class Saving:
    """The writes of one process: its folders share a disk."""

    def __init__(self) -> None:
        self.is_slow = False

    async def write(self, store: Store, pairs: Sequence[Pair], clock: Clock) -> None:
        """One atomic write. Ends only when the store may be closed, also where it is cancelled. Raises Unstored."""
        if not self.is_slow:
            self._timed(store, pairs, clock)
            return
        writing = asyncio.ensure_future(asyncio.to_thread(self._timed, store, pairs, clock))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            with contextlib.suppress(Unstored):
                await writing
            raise

    def _timed(self, store: Store, pairs: Sequence[Pair], clock: Clock) -> None:
        began_s = clock.monotonic_s()
        store.write(pairs)
        self.is_slow = clock.monotonic_s() - began_s > SLOW_S
