"""Decisions as they are told: the record's own fields, and the reason in a marketer's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from app.domain.model.decision import Decision
from app.domain.model.reason import EXPLANATIONS, Reason


class Told(Struct, frozen=True, omit_defaults=True):
    """A decision (CONTRACT section 5) with the sentence of its reason."""

    id: str
    at: int
    user: str
    campaign: str
    version: int
    step: str
    message_id: str
    trigger: dict[str, str] = {}
    attempt: int | None = None
    reason: str | None = None
    sentence: str | None = None
    variant: str | None = None
    device: str | None = None
    transport: str | None = None
    until: int | None = None
    detail: Any = None


class Loss(Struct, frozen=True):
    """How many were lost for one reason, and what that means. `technical` (C097): something did not work."""

    reason: str
    count: int
    sentence: str
    technical: bool


def tell(decision: Decision) -> Told:
    """One decision in words."""
    return Told(
        id=decision.id,
        at=decision.at,
        user=decision.user,
        campaign=decision.campaign,
        version=decision.version,
        step=str(decision.step),
        message_id=decision.message_id,
        trigger=decision.trigger,
        attempt=decision.attempt,
        reason=None if decision.reason is None else str(decision.reason),
        sentence=None if decision.reason is None else EXPLANATIONS[decision.reason].marketer,
        variant=decision.variant,
        device=decision.device,
        transport=decision.transport,
        until=decision.until,
        detail=decision.detail,
    )


def tell_all(decisions: Iterable[Decision]) -> list[Told]:
    """Several, in their order."""
    return [tell(decision) for decision in decisions]


def losses(counts: Mapping[str, int]) -> list[Loss]:
    """Counts by reason, the largest first. A reason that this version does not know is told by its code."""
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return [_loss(reason, count) for reason, count in ordered]


def _loss(code: str, count: int) -> Loss:
    try:
        told = EXPLANATIONS[Reason(code)]
    except ValueError:
        return Loss(code, count, "A reason that this version does not know.", technical=True)
    return Loss(code, count, told.marketer, told.technical)
