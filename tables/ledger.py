"""A sender's ledger: what was tried for each message at each device, journaled before every call (C153)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from app.domain.model.mail import Result
from app.domain.model.push import Order, Target
from app.domain.model.reason import Reason
from app.turns.table import Table

KEPT_MS = 86_400_000


class Stage(StrEnum):
    """CALLING: a call is journaled and its answer is not. WAITING: to be called again at `due_ms`. DONE: ended."""

    CALLING = "calling"
    WAITING = "waiting"
    DONE = "done"


class Delivery(Struct, array_like=True):
    """One message at one device. The order is pinned until the delivery has ended.

    `unanswered`: a call left and no answer came. `is_lost`: one may have come, when its process was gone.
    """

    stage: Stage
    attempts: int
    due_ms: int
    first_ms: int
    order: Order | None
    target: Target
    result: Result | None = None
    reason: Reason | None = None
    unanswered: bool = False
    is_lost: bool = False


def ledger_key(message_id: str, device: str) -> bytes:
    """The key of a delivery."""
    return f"{message_id}\x00{device}".encode("utf-8", "surrogatepass")


def _dues(delivery: Delivery) -> Iterable[int]:
    return (delivery.due_ms,)


LEDGER = Table("ledger", b"\x10", Delivery, _dues)
TABLES = (LEDGER,)
