"""What every test may ask for: a broker that is really Kafka, apps on it; and what is shown after the tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from app.kafka.broker import EmbeddedBroker
from app.kafka.files import free_port
from app.kafka.jars import ensure_jars
from app.settings import named_kafka, select_pure_python_faust
from tests.integration import notes

if TYPE_CHECKING:
    from tests.integration.fixtures import Systems

select_pure_python_faust()


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the bootstrap servers: those of `CARILLON_KAFKA`, else of one embedded broker for all tests."""
    if named := named_kafka():
        yield named
        return
    ensure_jars(lambda line: sys.stderr.write(f"{line}\n"))
    embedded = EmbeddedBroker(tmp_path_factory.mktemp("kafka"), free_port(), heap="768m")
    embedded.start()
    try:
        yield embedded.bootstrap
    finally:
        embedded.stop()


@pytest.fixture
def systems(broker: str, tmp_path: Path) -> Iterator[Systems]:
    """Makes apps for one test."""
    from tests.integration.fixtures import systems_on

    with systems_on(broker, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def shared_systems(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Systems]:
    """Makes apps that the tests of one module share."""
    from tests.integration.fixtures import systems_on

    with systems_on(broker, tmp_path_factory.mktemp("shared")) as made:
        yield made


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how often each fault struck."""
    notes.show(terminalreporter)
