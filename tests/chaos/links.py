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
from tests.chaos.soaking import say
from tests.chaos.tuned import broker_behind
from tests.chaos.wire import CLEAR, WEATHERS, Weather, Wire
from tests.integration.system import System
from tests.integration.waiting import until

ON_S = 90.0
SLACK = 5
CALM_S = 60.0
NIGHT_S = 900.0  # by the log's time nobody is called at night
PATIENT_S = 30.0
AGAIN_S = 600.0


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
    """How often each weather struck, how soon turns went on after it: to the broker, then to push services.

    `before`, `after`: the sockets of each worker.
    """

    struck: dict[str, list[int]] = field(default_factory=dict)
    resumed_s: dict[str, list[float]] = field(default_factory=dict)
    before: list[int] = field(default_factory=list)
    after: list[int] = field(default_factory=list)

    def told(self) -> str:
        """For the summary."""
        return (
            f"struck (broker, provider) {self.struck}; turns after {self.resumed_s} s; "
            f"sockets {self.before}, then {self.after}"
        )


def sockets(system: Wired) -> int:
    """How many sockets a worker has open, those to its push service left out: of these a pool keeps some for later."""
    return meters.sockets(system.workers[0].pid, system.to_provider.port)


def go_through(systems: Sequence[Wired], feeds: Sequence[Feed], seconds: float) -> Storm:
    """Every weather in turn for so long, on the links to the broker, then on those to push services; let feeds end.

    The first system's turns must go on after each. A link to a push service is bad for half a minute at a time, and
    what is to be called again is waited for in between: longer, and pushes are given up, as they should be.
    """
    storm, first = Storm(before=[sockets(system) for system in systems]), systems[0]
    for name, weather in WEATHERS.items():
        _weather(storm, name, weather, [first.to_kafka], first, seconds)
        times = -(-seconds // PATIENT_S)
        for _ in range(int(times)):
            _weather(storm, name, weather, [each.to_provider for each in systems], first, seconds / times)
            if times > 1:
                _rest(first, feeds[0])
        storm.struck[name][1:] = [sum(storm.struck[name][1:])]
        storm.resumed_s[name][1:] = [max(storm.resumed_s[name][1:])]
        say(f"C8: {name} struck {storm.struck[name]} times; turns after {storm.resumed_s[name]} s")
    for feed in feeds:
        feed.end()
    return storm


def _weather(
    storm: Storm, name: str, weather: Weather, wires: Sequence[Wire], first: Wired, seconds: float
) -> None:
    earlier = sum(wire.struck[name] for wire in wires)
    _turn(wires, weather)
    end_s = monotonic_s() + seconds
    until(partial(_is_over, wires, name, earlier, end_s), seconds + NIGHT_S, f"{name} struck", POLL_S)
    if weather.late_s:
        until(growth(first), ON_S, "turns go on over a link that is late", POLL_S)
    _turn(wires, CLEAR)
    clear_s = monotonic_s()
    until(growth(first), ON_S, f"turns go on after {name}", POLL_S)
    storm.resumed_s.setdefault(name, []).append(round(monotonic_s() - clear_s, 1))
    storm.struck.setdefault(name, []).append(sum(wire.struck[name] for wire in wires) - earlier)


def _rest(first: Wired, feed: Feed) -> None:
    """Wait until every call that failed has been made again."""
    feed.hold()
    first.settle(AGAIN_S)
    feed.go_on()


def _turn(wires: Sequence[Wire], weather: Weather) -> None:
    for wire in wires:
        wire.turn(weather)


def _is_over(wires: Sequence[Wire], name: str, earlier: int, end_s: float) -> bool:
    return monotonic_s() >= end_s and sum(wire.struck[name] for wire in wires) > earlier


def has_calmed(system: Wired, before: int) -> bool:
    """Does it hold about as many sockets as before?"""
    return abs(sockets(system) - before) <= SLACK
