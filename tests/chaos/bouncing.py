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
FED_S = 600.0
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


def bounce(broker: EmbeddedBroker, system: System, done: Bounces) -> None:
    """Stop the broker over work of this system, start it again, wait until its turns go on."""
    done.backlog.append(until(partial(backlog_of, system), WORK_S, "work is under way", 0.01))
    stopped_s = monotonic_s()
    assert broker.stop(), "no broker ran"
    assert broker.start()
    back_s = monotonic_s()
    done.away_s.append(back_s - stopped_s)
    until(growth(system), 4 * RESUME_S, "turns go on", POLL_S)
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


def backlog_of(system: System) -> int:
    """What all its workers have before them."""
    return sum(system.backlog(number) for number in system.workers)


def replay_with_bounces(
    broker: EmbeddedBroker, system: System, feeds: Sequence[Feed], times: int, done: Bounces
) -> Bounces:
    """Bounce the broker so often, at even distances of the first feed, which is the system's; let all of them end."""
    first = feeds[0]
    for number in range(times):
        until(partial(has_sent, first, (number + 0.5) / times), FED_S, "the feed goes on", POLL_S)
        bounce(broker, system, done)
    for feed in feeds:
        feed.end()
    return done


def has_sent(feed: Feed, share: float) -> bool:
    """Has it sent this share of all it has?"""
    return feed.sent >= share * (feed.sent + feed.left)
