"""What came of a replay: every push that was cleared, every drop and every inbox item, each with its content."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct

from app.domain.model.decision import Decision, Step
from app.domain.model.effect import Effect, Keep, Record, Send
from app.domain.model.push import InboxItem, Push
from app.domain.model.reason import Reason
from app.domain.model.user import User


class End(StrEnum):
    """Where a message ended as far as the core is concerned."""

    PUSH = "push"
    DROP = "drop"
    INBOX = "inbox"


ENDS = {Step.SENT: End.PUSH, Step.DROPPED: End.DROP, Step.INBOX: End.INBOX}


class Arrival(Struct, frozen=True, omit_defaults=True, gc=False, rename={"at_ms": "at"}):
    """One message that ended: whose, when, and with what content, or why without."""

    end: End
    user: str
    campaign: str
    at_ms: int
    message_id: str
    reason: Reason | None = None
    detail: Any = None
    content: dict[str, Any] = {}


def arrivals(effects: Sequence[Effect]) -> list[Arrival]:
    """What ended with these effects of one step, in their order."""
    content: dict[str, dict[str, Any]] = {}
    found: list[Arrival] = []
    for effect in effects:
        match effect:
            case Send(_, order):
                content[order.push.message_id] = _of_push(order.push)
            case Keep(item):
                content[item.message_id] = _of_item(item)
            case Record(decision) if decision.step in ENDS and not _is_second_end(decision):
                found.append(_arrival(decision, content.get(decision.message_id, {})))
            case _:
                pass
    return found


def _is_second_end(decision: Decision) -> bool:
    """An inbox item after a push that failed: the message has been counted as sent."""
    return isinstance(decision.detail, dict) and decision.detail.get("after") == "sent"


def _arrival(decision: Decision, content: dict[str, Any]) -> Arrival:
    return Arrival(
        ENDS[decision.step],
        decision.user,
        decision.campaign,
        decision.at,
        decision.message_id,
        decision.reason,
        decision.detail,
        content,
    )


def _of_push(push: Push) -> dict[str, Any]:
    given = {
        "title": push.title,
        "body": push.body,
        "link": push.link,
        "image": push.image,
        "data": push.data,
        "collapse": push.collapse,
    }
    return {name: value for name, value in given.items() if value}


def _of_item(item: InboxItem) -> dict[str, Any]:
    given = {"title": item.title, "body": item.body, "link": item.link, "image": item.image}
    return {name: value for name, value in given.items() if value}


class Collected:
    """Keeps what it is told: every end, and what is held since when and until when."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.decisions: list[Decision] = []

    def told(self, user: User, effects: Sequence[Effect], now_ms: int) -> None:
        """One step's effects."""
        self.decisions += [effect.decision for effect in effects if isinstance(effect, Record)]
        self.arrivals += arrivals(effects)
