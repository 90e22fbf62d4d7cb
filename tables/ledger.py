"""A sender's ledger: what was tried for each message at each device, journaled before every call (C153); and the queue
of messages that wait for a throttle token (C049)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from app.domain.model.decision import Decision, Step
from app.domain.model.mail import Outcome, Result
from app.domain.model.push import Order, Target
from app.domain.model.reason import Reason
from app.domain.model.throttle import Gate, Place, Ticket
from app.domain.rules.backoff import GiveUp, Patience, RetryAt, next_attempt
from app.turns.table import Table

KEPT_MS = 86_400_000
GIVEN_UP = frozenset({Reason.RETRIES_EXHAUSTED, Reason.EXPIRED, Reason.CUT_OFF, Reason.DECISION_FAILED})


class Stage(StrEnum):
    """CALLING: a call is journaled and its answer is not. WAITING: to be called again at `due_ms`. DONE: ended.

    THROTTLED: to be called as soon as there is a token for it; `due_ms` is its cut-off, 0 where it has none.
    """

    CALLING = "calling"
    WAITING = "waiting"
    DONE = "done"
    THROTTLED = "throttled"


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

    def is_cut_off(self, now_ms: int) -> bool:
        """Is it too late to call for this message (C043)?"""
        not_after_ms = None if self.order is None else self.order.not_after_ms
        return not_after_ms is not None and now_ms >= not_after_ms

    def is_expired(self, now_ms: int) -> bool:
        """Is its time to live over, which runs from the first call?"""
        ttl_ms = None if self.order is None or not self.attempts else self.order.push.ttl_ms
        return ttl_ms is not None and now_ms >= self.first_ms + ttl_ms

    def next_try(self, key: bytes, now_ms: int, after_ms: int | None, patience: Patience) -> RetryAt | GiveUp:
        """What follows a call that failed."""
        ttl_ms = self.order.push.ttl_ms if self.order is not None else None
        return next_attempt(
            key=key.decode("utf-8", "surrogatepass"),
            attempts_made=self.attempts,
            now_ms=now_ms,
            after_ms=after_ms,
            expires_ms=None if ttl_ms is None else self.first_ms + ttl_ms,
            not_after_ms=self.order.not_after_ms if self.order is not None else None,
            patience=patience,
        )

    def decision(
        self, order: Order, transport: str, step: Step, at_ms: int, reason: Reason | None
    ) -> Decision:
        """What is recorded of a call."""
        push = order.push
        return Decision(
            id=f"{push.message_id}.{step}.{self.target.device}.{self.attempts}",
            at=at_ms,
            user=push.user,
            campaign=push.campaign,
            version=push.version,
            step=step,
            message_id=push.message_id,
            trigger=order.trigger,
            attempt=self.attempts,
            reason=reason,
            variant=push.variant,
            device=self.target.device,
            transport=transport,
        )

    def outcome(
        self, order: Order, transport: str, result: Result, reason: Reason | None, detail: str
    ) -> Outcome:
        """What the user's partition is told when it ends."""
        return Outcome(
            order.push.user,
            order.push.message_id,
            order.push.campaign,
            self.target.device,
            self.target.token,
            transport,
            result,
            self.attempts,
            reason,
            detail[:500],
            result is not Result.ACCEPTED and self._may_have_been_taken(reason),
        )

    def _may_have_been_taken(self, reason: Reason | None) -> bool:
        """A call that left and was never answered may have been taken by the service. One whose answer was lost with
        its process is known by the answer to the same call later, where that one is for good."""
        return self.unanswered or (self.is_lost and reason in GIVEN_UP)


def ledger_key(message_id: str, device: str) -> bytes:
    """The key of a delivery."""
    return f"{message_id}\x00{device}".encode("utf-8", "surrogatepass")


THE_GATE = b"gate"
"""The key of the one gate of a partition."""


def place_key(lane: int, number: int) -> bytes:
    """The key of a place in the queue."""
    return bytes((lane,)) + number.to_bytes(8, "big")


def _dues(delivery: Delivery) -> Iterable[int]:
    return (delivery.due_ms,) if delivery.due_ms else ()


def _looks(gate: Gate) -> Iterable[int]:
    return (gate.look_ms,) if gate.look_ms else ()


LEDGER = Table("ledger", b"\x10", Delivery, _dues)
TICKETS = Table("tickets", b"\x11", Ticket)
PLACES = Table("places", b"\x12", Place)
GATE = Table("gate", b"\x13", Gate, _looks)
TABLES = (LEDGER, TICKETS, PLACES, GATE)
