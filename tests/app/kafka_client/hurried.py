"""An event loop whose clock jumps to the next timer: half a minute takes no time, and each run is the same."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Jumping(selectors.DefaultSelector):
    """Waits for nothing; tells the loop by how much it would have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        """What is ready now, else on to the next timer."""
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "everybody waits, and nothing will ever happen"
            self.now_s += timeout
        return ready


class HurriedLoop(asyncio.SelectorEventLoop):
    """The loop."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds that were jumped over."""
        return self._jumping.now_s


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run it to its end, in no time. Raises AssertionError where it would wait for ever."""
    with asyncio.Runner(loop_factory=HurriedLoop) as runner:
        return runner.run(work)
