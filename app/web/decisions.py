"""Decisions fetched from Kafka on demand: state knows where the latest stand, and the topic has them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

import msgspec

from app import wire
from app.domain.model.decision import Decision
from app.web.fetching import Fetching

logger = logging.getLogger(__name__)


class Decisions:
    """Reads single records of the decisions topic."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._records = Fetching(bootstrap, topic, "decisions")

    async def at(self, partition: int, offsets: Sequence[int]) -> list[Decision]:
        """The decisions at these offsets, the last on top; those no longer kept are left out. Raises Problem."""
        return decode(record.value for record in await self._records.at(partition, offsets))

    async def stop(self) -> None:
        """Let go of the connection."""
        await self._records.stop()


def decode(values: Iterable[bytes | None]) -> list[Decision]:
    """The decisions in these values, the last on top; a repeated one once, an unreadable one not at all."""
    found: dict[str, Decision] = {}
    for value in values:
        try:
            decision = wire.decode_decision(value or b"")
        except msgspec.MsgspecError as error:
            logger.error("decisions topic: not readable: %s", error)
        else:
            found.setdefault(decision.id, decision)
    return list(found.values())[::-1]
