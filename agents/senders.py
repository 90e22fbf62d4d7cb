"""senders: calls one provider. Journals every attempt before its call and every answer after it; retries by timer.

A crash between the two leaves a message in doubt: it is called again under the same ids, and at most as many are in
doubt as were journaled without an answer (C153).
"""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple, assert_never

from app import wire
from app.domain.model.decision import Decision, Step
from app.domain.model.mail import Outcome, Result
from app.domain.model.push import Order
from app.domain.model.reason import Reason
from app.domain.model.receipt import Accepted, Gone, Receipt, Rejected, Retry, Unknown
from app.domain.rules.backoff import PATIENCE, GiveUp, Patience, RetryAt, next_attempt
from app.topics import Topics
from app.turns.actor import Read
from app.turns.mailbox import Mailbox
from app.turns.partition import Partition
from app.turns.turn import Turn
from tables.ledger import KEPT_MS, LEDGER, TABLES, Delivery, Stage, ledger_key
from transports.base import Transport

AT_ONCE = 64
ANSWER_MS = 60_000
CLOCKS_MS = (
    900_000  # how far the clocks of two workers may be apart; a call beyond is made again when it is due
)
LAST_WORDS_S = 8.0
GIVEN_UP = frozenset({Reason.RETRIES_EXHAUSTED, Reason.EXPIRED, Reason.CUT_OFF, Reason.DECISION_FAILED})


class Answer(NamedTuple):
    """What became of one call."""

    key: bytes
    attempt: int
    receipt: Receipt


class SenderActor(Mailbox):
    """One partition of one provider's sender."""

    tables = TABLES

    def __init__(
        self, partition: Partition, topics: Topics, transport: Transport, patience: Patience = PATIENCE
    ) -> None:
        super().__init__(partition, topics)
        self._transport = transport
        self._patience = patience
        self._calls: dict[bytes, asyncio.Task[None]] = {}

    @property
    def in_flight(self) -> int:
        """Calls under way."""
        return len(self._calls)

    def room(self) -> int:
        """As many as may be in doubt at once, less those under way."""
        return max(0, AT_ONCE - len(self._calls) - self.partition.results_waiting)

    def read(self, record: Any) -> Read:
        """An order."""
        return Read(wire.decode_order(record.value))

    def opened(self, turn: Turn) -> None:
        """Calls whose answers the journal lacks, and that this process is not waiting for, are made again.

        A call is due within a minute of its turn: what ended stays in the ledger for a day, and is not looked at. A
        stale entry names its key once more.
        """
        entries = turn.waiting(turn.now_ms + ANSWER_MS + CLOCKS_MS)
        for key in dict.fromkeys(full[1:] for _, full in entries):
            delivery = turn.get(LEDGER, key)
            if delivery is not None and delivery.stage is Stage.CALLING and key not in self._calls:
                self._again(turn, key, delivery, Reason.PROVIDER_UNAVAILABLE)

    def step(self, turn: Turn, record: Any, read: Read) -> None:
        """A new order: one delivery a device, called as soon as this turn is in the journal."""
        order: Order = read.message
        for target in order.targets:
            key = ledger_key(order.push.message_id, target.device)
            if turn.get(LEDGER, key) is not None:
                continue
            if _is_cut_off(order, turn.now_ms):
                delivery = Delivery(Stage.WAITING, 0, turn.now_ms, turn.now_ms, order, target)
                self._end(turn, key, delivery, Result.FAILED, Reason.CUT_OFF)
            else:
                due_ms = turn.now_ms + ANSWER_MS
                delivery = Delivery(Stage.CALLING, 1, due_ms, turn.now_ms, order, target)
                turn.put(LEDGER, key, delivery)
                turn.call((key, delivery.attempts, order, target))
                self._record(turn, delivery, Step.ATTEMPTED)

    def due(self, turn: Turn, key: bytes, due_ms: int) -> None:
        """Time to call again, to give up waiting for an answer, or to forget what has long ended."""
        delivery = turn.get(LEDGER, key[1:])
        if delivery is None or delivery.due_ms > due_ms:
            return
        if delivery.stage is Stage.DONE:
            turn.delete(LEDGER, key[1:])
        elif key[1:] in self._calls:
            delivery.due_ms = turn.now_ms + ANSWER_MS
            turn.put(LEDGER, key[1:], delivery)
        else:
            self._again(turn, key[1:], delivery, delivery.reason)

    def abandon(self, turn: Turn, key: bytes, due_ms: int, why: str) -> None:
        """The delivery cannot be decided on: it ends, and the user hears of it. What has ended is forgotten."""
        delivery = turn.get(LEDGER, key[1:])
        if delivery is None or delivery.order is None:
            turn.delete(LEDGER, key[1:])
            return
        if delivery.stage is Stage.CALLING:
            delivery.is_lost = True
        self._end(turn, key[1:], delivery, Result.FAILED, Reason.DECISION_FAILED, why)

    def _again(self, turn: Turn, key: bytes, delivery: Delivery, reason: Reason | None) -> None:
        if delivery.order is None:
            return
        if delivery.stage is Stage.CALLING:
            delivery.is_lost = True
        if _is_cut_off(delivery.order, turn.now_ms):
            self._end(turn, key, delivery, Result.FAILED, Reason.CUT_OFF)
            return
        delivery.stage = Stage.CALLING
        delivery.attempts += 1
        delivery.due_ms = turn.now_ms + ANSWER_MS
        turn.put(LEDGER, key, delivery)
        turn.call((key, delivery.attempts, delivery.order, delivery.target))
        self._record(turn, delivery, Step.RETRIED, reason)

    def appended(self, turn: Turn) -> None:
        """The attempts are in the journal: make the calls."""
        for key, attempt, order, target in turn.calls:
            task = asyncio.create_task(self._call(key, attempt, order, target))
            self._calls[key] = task

    async def _call(self, key: bytes, attempt: int, order: Order, target: Any) -> None:
        try:
            if self.partition.is_fresh:  # a frozen process that wakes is the owner no more: it calls nobody
                receipt = await self._transport.send(order.push, target, self.partition.now_ms())
                self.partition.post(Answer(key, attempt, receipt))
        finally:
            self._calls.pop(key, None)
            self.partition.nudge()

    def done(self, turn: Turn, result: Answer) -> None:
        """An answer: the delivery ends, or waits for its next attempt."""
        delivery = turn.get(LEDGER, result.key)
        if delivery is None or delivery.stage is not Stage.CALLING or delivery.attempts != result.attempt:
            return
        match result.receipt:
            case Accepted():
                self._end(turn, result.key, delivery, Result.ACCEPTED)
            case Gone(detail):
                self._end(turn, result.key, delivery, Result.GONE, Reason.INVALID_TOKEN, detail)
            case Rejected(reason, detail):
                self._end(turn, result.key, delivery, Result.FAILED, reason, detail)
            case Retry(reason, after_ms, detail):
                delivery.reason = reason
                self._wait(turn, result.key, delivery, after_ms, detail)
            case Unknown(detail):
                delivery.reason = Reason.PROVIDER_UNAVAILABLE
                delivery.unanswered = True
                self._wait(turn, result.key, delivery, None, detail)
            case other:
                assert_never(other)

    def _wait(self, turn: Turn, key: bytes, delivery: Delivery, after_ms: int | None, detail: str) -> None:
        order = delivery.order
        ttl_ms = order.push.ttl_ms if order is not None else None
        verdict = next_attempt(
            key=key.decode("utf-8", "surrogatepass"),
            attempts_made=delivery.attempts,
            now_ms=turn.now_ms,
            after_ms=after_ms,
            expires_ms=None if ttl_ms is None else delivery.first_ms + ttl_ms,
            not_after_ms=order.not_after_ms if order is not None else None,
            patience=self._patience,
        )
        match verdict:
            case RetryAt(due_ms):
                delivery.stage, delivery.due_ms = Stage.WAITING, due_ms
                turn.put(LEDGER, key, delivery)
            case GiveUp(reason):
                self._end(turn, key, delivery, Result.FAILED, reason, detail)

    def _end(
        self,
        turn: Turn,
        key: bytes,
        delivery: Delivery,
        result: Result,
        reason: Reason | None = None,
        detail: str = "",
    ) -> None:
        order = delivery.order
        if order is None:
            return
        outcome = Outcome(
            order.push.user,
            order.push.message_id,
            order.push.campaign,
            delivery.target.device,
            delivery.target.token,
            self._transport.name,
            result,
            delivery.attempts,
            reason,
            detail[:500],
            result is not Result.ACCEPTED and _may_have_been_taken(delivery, reason),
        )
        user_key = order.push.user.encode("utf-8", "surrogatepass")
        turn.send(self.topics.users_mail, user_key, wire.encode_pack(outcome))
        delivery.stage, delivery.result, delivery.order = Stage.DONE, result, None
        delivery.due_ms = turn.now_ms + KEPT_MS
        turn.put(LEDGER, key, delivery)

    def _record(self, turn: Turn, delivery: Delivery, step: Step, reason: Reason | None = None) -> None:
        order = delivery.order
        if order is None:
            return
        push = order.push
        decision = Decision(
            id=f"{push.message_id}.{step}.{delivery.target.device}.{delivery.attempts}",
            at=turn.now_ms,
            user=push.user,
            campaign=push.campaign,
            version=push.version,
            step=step,
            message_id=push.message_id,
            trigger=order.trigger,
            attempt=delivery.attempts,
            reason=reason,
            variant=push.variant,
            device=delivery.target.device,
            transport=self._transport.name,
        )
        user_key = push.user.encode("utf-8", "surrogatepass")
        turn.send(self.topics.decisions, user_key, wire.encode_decision(decision))

    async def closing(self) -> None:
        """Wait for the answers of the calls under way, within a limit: what is answered is not called again."""
        calls = set(self._calls.values())
        if calls:
            _, late = await asyncio.wait(calls, timeout=LAST_WORDS_S)
            for task in late:
                task.cancel()


def _is_cut_off(order: Order, now_ms: int) -> bool:
    """Is it too late to call for this message (C043)?"""
    return order.not_after_ms is not None and now_ms >= order.not_after_ms


def _may_have_been_taken(delivery: Delivery, reason: Reason | None) -> bool:
    """A call that left and was never answered may have been taken by the service. One whose answer was lost with its
    process is known by the answer to the same call later, where that one is for good."""
    return delivery.unanswered or (delivery.is_lost and reason in GIVEN_UP)
