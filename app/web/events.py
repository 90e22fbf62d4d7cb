"""A user's last events, fetched from the log on demand: the hot path keeps nothing of them but where they stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from app.domain.model.event import Event
from app.web.fetching import Fetching
from app.wire import EventReader


class Placed(NamedTuple):
    """An event, and where it stands."""

    offset: int
    event: Event


class Events:
    """Reads single records of the events topic."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._records = Fetching(bootstrap, topic, "events")
        self._reader = EventReader()

    async def at(self, partition: int, offsets: Sequence[int]) -> list[Placed]:
        """The events at these offsets, in the order of the log; those no longer kept are left out. Raises Problem."""
        found: list[Placed] = []
        for record in await self._records.at(partition, offsets):
            event = self._reader.read(record, None)
            if isinstance(event, Event):
                found.append(Placed(record.offset, event))
        return found

    async def stop(self) -> None:
        """Let go of the connection."""
        await self._records.stop()
