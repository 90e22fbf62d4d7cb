"""The broker of a run: the one that `CARILLON_KAFKA` names, else the embedded one while the run lasts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aiokafka.admin import AIOKafkaAdminClient

from app.demo.run import free_ports
from app.kafka.broker import DEFAULT_DATA, DEFAULT_PORT, EmbeddedBroker
from app.kafka.jars import ensure_jars


@contextmanager
def broker(named: str | None, say: Callable[[str], None]) -> Iterator[str]:
    """Yield the bootstrap servers. A broker that ran before goes on running. Raises BrokerError."""
    if named is not None:
        yield named
        return
    ensure_jars(say)
    embedded = EmbeddedBroker(DEFAULT_DATA)
    if embedded.pid is None:
        embedded = EmbeddedBroker(DEFAULT_DATA, free_ports(DEFAULT_PORT, 1)[0])
    say(f"Starting Kafka on {embedded.bootstrap}")
    started = embedded.start()
    try:
        yield embedded.bootstrap
    finally:
        if started:
            embedded.stop()


async def delete_topics(bootstrap: str, app: str) -> None:
    """Delete what a run has left on the broker: every topic whose name starts with that of its app."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([topic for topic in await admin.list_topics() if topic.startswith(app)])
    finally:
        await admin.close()
