"""The messages of a test as they would stand in Kafka: real bytes, read by the reader that reads events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from app.contexts import FindPlace
from app.domain.files.expectations import Given
from app.domain.model.event import Event, Tick
from app.kafka_client.received import Received
from app.wire import Bad, EventReader

TOPIC = "given"


class Refused(NamedTuple):
    """A message that a worker would not read: a dead letter."""

    path: str
    reason: str
    detail: str


def as_events(
    given: Sequence[Given], find_place: FindPlace | None = None
) -> Iterator[tuple[Given, int, Event | Refused]]:
    """Every message with its offset, in the order of the log."""
    reader = EventReader(find_place)
    for offset, line in enumerate(given):
        read = reader.read(_record(line, offset), None)
        if isinstance(read, Bad):
            yield line, offset, Refused(line.path, str(read.reason), read.detail)
        elif not isinstance(read, Tick):
            yield line, offset, read


def _record(line: Given, offset: int) -> Received:
    written = datetime.fromtimestamp(line.at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    value = msgspec.json.encode({**line.message, "timestamp": written})
    return Received(TOPIC, 0, offset, line.at_ms, line.user.encode(), value, ())
