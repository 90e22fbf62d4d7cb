"""Apps of their own for tests, and what is shown after them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration import notes
from tests.integration.fixtures import Systems, systems_on


@pytest.fixture
def systems(broker: str, tmp_path: Path) -> Iterator[Systems]:
    """Makes apps for one test."""
    with systems_on(broker, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def shared_systems(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Systems]:
    """Makes apps that the tests of one module share."""
    with systems_on(broker, tmp_path_factory.mktemp("shared")) as made:
        yield made


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how often each fault struck."""
    notes.show(terminalreporter)
