"""What every test may ask for: a broker that is really Kafka."""

import sys
from collections.abc import Iterator

import pytest

from app.kafka.broker import EmbeddedBroker
from app.kafka.files import free_port
from app.kafka.jars import ensure_jars
from app.settings import named_kafka, select_pure_python_faust

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
