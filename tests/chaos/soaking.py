"""What a fault at soak size is: a name, what it does, a function from what it is given to what it found."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from app.kafka.broker import EmbeddedBroker
from app.kafka.files import free_port
from app.kafka.jars import ensure_jars
from app.settings import named_kafka

HEAP = "1g"


@dataclass(frozen=True)
class Given:
    """What a fault is run with. None: the fault's own size.

    `times`: how often it strikes. `seconds`: for how long. `folder`: its own, for logs, state and brokers; it is kept
    where the fault was violated.
    """

    seed: int
    folder: Path
    events: int | None = None
    times: int | None = None
    seconds: float | None = None


class Found(NamedTuple):
    """`strikes`: how often the fault struck; none is a violation. `violations`: in words, each one a broken promise."""

    strikes: int
    violations: Sequence[str]
    figures: Mapping[str, Any]


class Fault(NamedTuple):
    """One fault of the list, at soak size. `minutes`: how long it takes on two cores, roughly."""

    name: str
    about: str
    minutes: float
    run: Callable[[Given], Found | Awaitable[Found]]


@contextmanager
def broker_in(folder: Path, heap: str = HEAP) -> Iterator[str]:
    """The bootstrap servers: those of `CARILLON_KAFKA`, else of an embedded broker with its data in this folder."""
    if named := named_kafka():
        yield named
        return
    ensure_jars(say)
    embedded = EmbeddedBroker(folder / "kafka", free_port(), heap=heap)
    embedded.start()
    try:
        yield embedded.bootstrap
    finally:
        embedded.stop()


def say(line: str) -> None:
    """Tell how far it is; results alone go to stdout."""
    sys.stderr.write(f"chaos: {line}\n")
    sys.stderr.flush()
