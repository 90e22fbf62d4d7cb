"""Events as lines of JSON: read, checked by the engine's own reader, keyed and placed as producers do it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from app.domain.model.event import Tick
from app.wire import Bad, EventReader


class Line(NamedTuple):
    """One event, ready to be sent."""

    key: bytes
    value: bytes


class LineProblem(NamedTuple):
    """A line that is no event."""

    line: int
    reason: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}: {self.message}"


class _Record(NamedTuple):
    """What the reader asks of a Kafka record."""

    key: bytes | None
    value: bytes
    timestamp: int
    headers: tuple[tuple[str, bytes], ...] = ()
    topic: str = ""
    partition: int = 0
    offset: int = 0


def read_lines(lines: Iterable[bytes], now_ms: int, *, stream_clock: bool) -> Iterator[Line | LineProblem]:
    """Every line that is not empty, as an event or as what is wrong with it."""
    reader = EventReader()
    for number, raw in enumerate(lines, start=1):
        value = raw.strip()
        if value:
            record = _Record(b"", value, now_ms, (("content-type", b"application/json"),))
            read = reader.read(record, None if stream_clock else now_ms)
            match read:
                case Bad(reason, detail):
                    yield LineProblem(number, str(reason), detail)
                case Tick():
                    yield LineProblem(
                        number, "tick", "a tick goes to every partition: `event tick TIME` sends it"
                    )
                case _:
                    yield Line(read.user.encode(), value)


def tick_problem(value: bytes, now_ms: int, *, stream_clock: bool) -> str | None:
    """What a worker would refuse about a tick."""
    read = EventReader().read(_Record(None, value, now_ms), None if stream_clock else now_ms)
    return read.detail if isinstance(read, Bad) else None
