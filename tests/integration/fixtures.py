"""An app for one test, or for all tests of a module; its logs are shown with whatever fails."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration.judging import make_work
from tests.integration.system import System


class Systems:
    """Makes apps, and ends them all."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        self._bootstrap = bootstrap
        self._folder = folder
        self._made: list[System] = []

    def make(self, *, partitions: int = 4, clock: str = "stream") -> System:
        """A new app."""
        folder = self._folder / f"app-{len(self._made)}"
        system = System(self._bootstrap, folder, partitions=partitions, clock=clock)
        self._made.append(system)
        return system

    def close(self) -> None:
        """Show the end of every log, which pytest keeps to itself unless the test failed; end everything."""
        for system in self._made:
            sys.stdout.write(system.last_words())
        for close in [system.close for system in self._made]:
            _quietly(close)


def _quietly(close: Callable[[], None]) -> None:
    try:
        close()
    except Exception as error:  # noqa: BLE001 - the others must be closed too
        sys.stdout.write(f"not closed: {error!r}\n")


@contextmanager
def systems_on(bootstrap: str, folder: Path) -> Iterator[Systems]:
    """Apps on a broker, closed at the end."""
    made = Systems(bootstrap, folder)
    try:
        yield made
    finally:
        made.close()


def stopped_after_work(systems: Systems, *, partitions: int, seed: int) -> System:
    """An app that has decided something, with its worker stopped."""
    system, work = systems.make(partitions=partitions), make_work(seed=seed, rows=200)
    system.set_up()
    system.start_workers(1)
    system.feed(work.messages)
    system.settle()
    assert system.stop_workers() == {0: 0}
    return system
