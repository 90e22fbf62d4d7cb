"""Workers whose links to broker and push service go bad, each in every way in turn, and what they are like after it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from app.clock import monotonic_s
from app.kafka.broker import EmbeddedBroker
from tests.chaos import meters
from tests.chaos.bouncing import HEAP, POLL_S, growth
from tests.chaos.feeding import Feed
from tests.chaos.tuned import broker_behind
from tests.chaos.wire import CLEAR, WEATHERS, Wire
from tests.integration.system import System
from tests.integration.waiting import until

ON_S = 90.0
SLACK = 5
CALM_S = 60.0


class Wired(System):
    """An app whose processes reach Kafka and their push service through wires; the test itself goes direct."""

    def __init__(self, broker: EmbeddedBroker, folder: Path, to_kafka: Wire, *, partitions: int = 4) -> None:
        super().__init__(broker.bootstrap, folder, partitions=partitions)
        self.to_kafka = to_kafka
        self.to_provider = Wire()

    def environment(self, worker: int = 0) -> dict[str, str]:
        """What a process of this app finds in its environment."""
        return super().environment(worker) | {"CARILLON_KAFKA": self.to_kafka.address}

    def settings(self, **changes: Any) -> None:
        """Write `carillon.yaml`; the push service is said to be at the wire."""
        self.to_provider.behind = urlsplit(self.sink_url).port or 0
        fcm = {"project": "demo", "credentials": str(self.folder / "fcm.json")}
        super().settings(providers={"fcm": fcm | {"url": f"http://{self.to_provider.address}"}}, **changes)


@contextmanager
def wired_broker(folder: Path) -> Iterator[tuple[EmbeddedBroker, Wire]]:
    """A broker, and the wire behind which workers find it."""
    wire = Wire()
    broker = broker_behind(wire, folder, HEAP)
    wire.open()
    try:
        broker.start()
        yield broker, wire
    finally:
        broker.stop()
        wire.close()


@contextmanager
def wired(broker: EmbeddedBroker, folder: Path, to_kafka: Wire, *, partitions: int) -> Iterator[Wired]:
    """An app behind wires."""
    system = Wired(broker, folder, to_kafka, partitions=partitions)
    system.to_provider.open()
    try:
        yield system
    finally:
        system.close()
        system.to_provider.close()


@dataclass
class Storm:
    """How often each weather struck on both links, how soon turns went on after it, descriptors before and after."""

    struck: dict[str, list[int]] = field(default_factory=dict)
    resumed_s: dict[str, float] = field(default_factory=dict)
    before: list[int] = field(default_factory=list)
    after: list[int] = field(default_factory=list)

    def told(self) -> str:
        """For the summary."""
        resumed = {name: round(seconds, 1) for name, seconds in self.resumed_s.items()}
        return (
            f"struck (broker, provider) {self.struck}; turns after {resumed} s; "
            f"descriptors {self.before}, then {self.after}"
        )


def descriptors(system: System) -> int:
    """How many files and sockets a worker has open."""
    worker = system.workers[0]
    return meters.read(worker.pid, worker.log).descriptors


def go_through(systems: Sequence[Wired], feeds: Sequence[Feed], seconds: float) -> Storm:
    """Every weather in turn for so long, on all links at once, under these feeds; then all feeds end.

    The first system's turns must go on after each.
    """
    storm, first = Storm(before=[descriptors(system) for system in systems]), systems[0]
    wires = [first.to_kafka, *(system.to_provider for system in systems)]
    for name, weather in WEATHERS.items():
        earlier = [wire.struck[name] for wire in wires]
        for wire in wires:
            wire.turn(weather)
        until(partial(_is_over, monotonic_s() + seconds), seconds + CALM_S, f"{name} is over", POLL_S)
        for wire in wires:
            wire.turn(CLEAR)
        clear_s = monotonic_s()
        until(growth(first), ON_S, f"turns go on after {name}", POLL_S)
        storm.resumed_s[name] = monotonic_s() - clear_s
        storm.struck[name] = [wire.struck[name] - was for wire, was in zip(wires, earlier, strict=True)]
    for feed in feeds:
        feed.end()
    return storm


def _is_over(end_s: float) -> bool:
    return monotonic_s() >= end_s


def has_calmed(system: System, before: int) -> bool:
    """Does it hold about as many descriptors as before?"""
    return abs(descriptors(system) - before) <= SLACK
