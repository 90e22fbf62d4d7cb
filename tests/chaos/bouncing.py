"""A broker of one's own that is stopped and started again while workers are at work, and how soon they go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from confluent_kafka import KafkaException

from app.clock import monotonic_s
from app.kafka.broker import EmbeddedBroker
from app.kafka.files import free_port
from tests.chaos.feeding import Feed
from tests.integration.system import System
from tests.integration.waiting import until

HEAP = "512m"
RESUME_S = 15.0
WORK_S = 30.0
POLL_S = 0.05


@contextmanager
def own_broker(folder: Path, heap: str = HEAP) -> Iterator[EmbeddedBroker]:
    """A broker that nobody else uses: it may be stopped."""
    broker = EmbeddedBroker(folder, free_port(), heap=heap)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


@dataclass
class Bounces:
    """Of each bounce: records not decided when it began, how long the broker was away, how soon turns went on."""

    backlog: list[int] = field(default_factory=list)
    away_s: list[float] = field(default_factory=list)
    resumed_s: list[float] = field(default_factory=list)

    @property
    def strikes(self) -> int:
        """How many of them found work under way."""
        return sum(backlog > 0 for backlog in self.backlog)

    def told(self) -> str:
        """For the summary."""
        away, resumed = ([round(each, 1) for each in row] for row in (self.away_s, self.resumed_s))
        return f"{len(self.backlog)} bounces over a backlog of {self.backlog}, away {away} s, resumed after {resumed} s"


def bounce(broker: EmbeddedBroker, systems: Sequence[System], done: Bounces, wait_s: float = 0.0) -> None:
    """Stop the broker over work of the first system, start it after `wait_s`, wait until turns of all go on."""
    done.backlog.append(until(partial(_backlog, systems[0]), WORK_S, "work is under way", 0.01))
    stopped_s = monotonic_s()
    assert broker.stop(), "no broker ran"
    until(lambda: monotonic_s() - stopped_s >= wait_s, wait_s + WORK_S, "the outage is over", POLL_S)
    assert broker.start()
    back_s = monotonic_s()
    done.away_s.append(back_s - stopped_s)
    grown = [growth(system) for system in systems]
    until(lambda: all(each() for each in grown), 4 * RESUME_S, "turns go on", POLL_S)
    done.resumed_s.append(monotonic_s() - back_s)


def growth(system: System) -> Callable[[], bool]:
    """Asks whether turns of users were appended since the first answer."""
    first: list[int] = []

    def has_grown() -> bool:
        end = journal_end(system)
        if end is not None:
            first.append(end)
        return end is not None and end > first[0]

    return has_grown


def journal_end(system: System) -> int | None:
    """The sum of the ends of the users' journals; None while the broker does not say."""
    try:
        return system.kafka.end(system.topics.journal("users"))
    except (KafkaException, KeyError):
        return None


def _backlog(system: System) -> int:
    return sum(system.backlog(number) for number in system.workers)


def replay_with_bounces(
    broker: EmbeddedBroker, loads: Sequence[tuple[System, Feed]], times: int, wait_s: float = 0.0
) -> Bounces:
    """Bounce the broker so often under these loads, at even distances of the first, and let every feed end."""
    done = Bounces()
    systems, (_, feed) = [system for system, _ in loads], loads[0]
    total = feed.left
    for number in range(times):
        share = total * (number + 0.5) / times
        until(lambda share=share: feed.sent >= share, WORK_S, "the feed goes on", POLL_S)  # type: ignore[misc]
        bounce(broker, systems, done, wait_s)
    for _, each in loads:
        each.end()
    return done
