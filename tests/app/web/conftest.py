"""A worker in memory, and a client that asks it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from tests.app.web.asking import Client
from tests.app.web.rig import Rig


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


@pytest.fixture
async def client(rig: Rig) -> AsyncIterator[Client]:
    async with TestClient(TestServer(rig.application())) as client:
        yield client
