"""A running sink, a pool and a clock for every test that asks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.transports.makers import HandClock
from transports.http import HttpPool
from transports.sink.server import Sink


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def http() -> AsyncIterator[HttpPool]:
    pool = HttpPool(connections=20)
    await pool.open()
    yield pool
    await pool.close()


@pytest.fixture
async def sink(tmp_path: Path, clock: HandClock) -> AsyncIterator[Sink]:
    """The sink on a socket of its own; its clock is the test's."""
    running = Sink(0, tmp_path / "sink" / "fcm.json", clock.now_ms)
    await running.start()
    yield running
    await running.stop()
