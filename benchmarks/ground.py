"""What a benchmark stands on: a broker, names that nobody else uses, a folder; all of it gone afterwards."""

from __future__ import annotations

import asyncio
import logging
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from app.clock import now_ms
from app.demo.brokers import delete_topics
from app.demo.errors import UNREACHABLE, DemoError
from app.demo.stack import Stack
from app.kafka.broker import EmbeddedBroker
from app.kafka.errors import BrokerError
from app.kafka.files import LOOPBACK, free_port
from app.kafka.jars import ensure_jars
from app.settings import SettingsError, named_kafka
from benchmarks.lines import say

PARTITIONS = 8
INTERRUPTED = 130
SIGTERM_CODE = 143
REACH_LIMIT_S = 8.0
POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Ground:
    """One run's broker, names and folder. `stack` runs its processes: `python -m <arguments>`.

    `broker_pid`: the broker's process, None where it is not ours.
    """

    bootstrap: str
    name: str
    folder: Path
    stack: Stack
    broker_pid: int | None = None

    @property
    def events(self) -> str:
        """The topic of the run's events."""
        return f"{self.name}-events"

    def environment(self, clock: str, worker: str = "worker") -> dict[str, str]:
        """What a process of Carillon finds; every name is given, so that none comes from outside."""
        return {
            "CARILLON_KAFKA": self.bootstrap,
            "CARILLON_APP": self.name,
            "CARILLON_EVENTS": self.events,
            "CARILLON_DATA": str(self.folder / worker),
            "CARILLON_WEB": f"{LOOPBACK}:{free_port()}",
            "CARILLON_SETTINGS": str(self.folder / "carillon.yaml"),
            "CARILLON_CLOCK": clock,
            "NO_CYTHON": "1",
        }

    async def create_topic(self, name: str, partitions: int = PARTITIONS) -> None:
        """Make a topic, and wait until the broker answers for it."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            await admin.create_topics([NewTopic(name, partitions, 1)])
            while True:
                if (await admin.describe_topics([name]))[0]["partitions"]:
                    return
                await asyncio.sleep(POLL_S)
        finally:
            await admin.close()

    async def ends(self, topic: str, partitions: int = PARTITIONS) -> list[int]:
        """The end offset of each partition of a topic."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, group_id=None)
        await consumer.start()
        try:
            places = [TopicPartition(topic, number) for number in range(partitions)]
            found = await consumer.end_offsets(places)
            return [found[place] for place in places]
        finally:
            await consumer.stop()


@asynccontextmanager
async def ground(
    bootstrap: str, folder: Path, bench: str, broker_pid: int | None = None
) -> AsyncIterator[Ground]:
    """Names for one run, and afterwards no process and no topic of it."""
    name = f"bench-{bench}-{now_ms()}"
    try:
        async with Stack(folder / "logs", (sys.executable, "-m")) as stack:
            yield Ground(bootstrap, name, folder, stack, broker_pid)
    finally:
        await delete_topics(bootstrap, name)


def main(bench: str, measure: Callable[[Ground], Coroutine[Any, Any, None]]) -> None:
    """Run a benchmark on a ground of its own; errors end the process with a sentence and an exit code."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        with _broker() as (bootstrap, broker_pid), _folder() as folder:
            asyncio.run(_measure(bootstrap, broker_pid, folder, bench, measure))
    except DemoError as error:
        _fail(error, error.exit_code)
    except KafkaError as error:
        _fail(error, UNREACHABLE)
    except (BrokerError, SettingsError) as error:
        _fail(error, 1)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except asyncio.CancelledError:
        sys.exit(SIGTERM_CODE)


async def _measure(
    bootstrap: str,
    broker_pid: int | None,
    folder: Path,
    bench: str,
    measure: Callable[[Ground], Coroutine[Any, Any, None]],
) -> None:
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await _reach(bootstrap)
    async with ground(bootstrap, folder, bench, broker_pid) as made:
        await measure(made)


async def _reach(bootstrap: str) -> None:
    """Raise DemoError where the broker does not answer."""
    for noisy in ("aiokafka", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        async with asyncio.timeout(REACH_LIMIT_S):
            await admin.start()
    except (KafkaError, TimeoutError) as error:
        why = str(error) or f"no answer within {REACH_LIMIT_S:.0f} s"
        raise DemoError(
            f"Kafka at {bootstrap} cannot be used", why, "See that it runs", UNREACHABLE
        ) from error
    finally:
        await admin.close()


@contextmanager
def _broker() -> Iterator[tuple[str, int | None]]:
    """The bootstrap servers: those of CARILLON_KAFKA, else of an embedded broker of our own, and its process."""
    named = named_kafka()
    if named is not None:
        yield named, None
        return
    ensure_jars(say)
    with _folder() as data:
        embedded = EmbeddedBroker(data, free_port())
        say(f"starting Kafka on {embedded.bootstrap}")
        embedded.start()
        try:
            yield embedded.bootstrap, embedded.pid
        finally:
            embedded.stop()


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="carillon-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _terminate(*_: object) -> None:
    """Leave by the way of every exception, so that whatever was started is stopped."""
    raise KeyboardInterrupt


def _fail(error: Exception, exit_code: int) -> None:
    say(f"error: {error}")
    sys.exit(exit_code)
