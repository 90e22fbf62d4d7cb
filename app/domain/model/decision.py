"""A decision record: one step of one qualified user, with its reason (CONTRACT section 5)."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import Struct

from app.domain.model.reason import Reason


class Step(StrEnum):
    """The closed list of steps. `answered`: what would have stopped the message came after it was sent (C010t)."""

    QUALIFIED = "qualified"
    HELD = "held"
    RELEASED = "released"
    DROPPED = "dropped"
    SENT = "sent"
    ATTEMPTED = "attempted"
    ACCEPTED = "accepted"
    RETRIED = "retried"
    FAILED = "failed"
    INBOX = "inbox"
    IMPRESSION = "impression"
    CLICKED = "clicked"
    CONVERTED = "converted"
    ANSWERED = "answered"


class Decision(Struct, frozen=True, omit_defaults=True, gc=False):
    """One step. `at` and `until` are milliseconds since the epoch; absent fields are left out."""

    id: str
    at: int
    user: str
    campaign: str
    version: int
    step: Step
    message_id: str
    trigger: dict[str, str] = {}
    attempt: int | None = None
    reason: Reason | None = None
    variant: str | None = None
    device: str | None = None
    transport: str | None = None
    until: int | None = None
    detail: Any = None
