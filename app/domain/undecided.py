"""What is said of a message that nobody can decide on: deciding about it raised, and it must not vanish (C152, E6)."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from app.domain.model.decision import Decision, Step
from app.domain.model.reason import Reason
from app.domain.model.user import Held, Waiting

TOLD = 500
NOWHERE = -1


class Origin(NamedTuple):
    """The event that started a timer, as a record: written anew from what the timer kept; its offset is not known."""

    topic: str
    partition: int
    key: bytes
    value: bytes
    timestamp: int
    offset: int = NOWHERE
    headers: tuple[tuple[str, bytes], ...] = ()


def origin(topic: str, partition: int, key: bytes, timer: Waiting) -> Origin:
    """What a timer was started by, for the dead letters: nobody qualified, so there is no message to drop."""
    trigger = timer.trigger
    message = {
        "type": "track",
        "messageId": trigger.event_id,
        "userId": key.decode("utf-8", "replace"),
        "event": trigger.name,
        "timestamp": trigger.time_ms / 1000,
        "properties": trigger.properties,
    }
    return Origin(topic, partition, key, msgspec.json.encode(message), trigger.time_ms)


def dropped(user: str, held: Held, at_ms: int, why: str) -> Decision:
    """A held message ends; from the entry alone, since its campaign may be what cannot be found."""
    return Decision(
        f"{held.message_id}.{Step.DROPPED}.{at_ms}",
        at_ms,
        user,
        held.campaign,
        held.version,
        Step.DROPPED,
        held.message_id,
        {"event_id": held.trigger.event_id},
        reason=Reason.DECISION_FAILED,
        detail={"held": True, "detail": why[:TOLD]},
    )
