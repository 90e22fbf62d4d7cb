"""senders: calls one provider. Journals every attempt before its call and every answer after it; retries by timer.

Where the app has a throttle, an order or a retry joins a queue, and is called when a token pays for it (C049).

A crash between the two leaves a message in doubt: it is called again under the same ids, and at most as many are in
doubt as were journaled without an answer (C153).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, assert_never

from app import wire
from app.domain.model.app_rules import Throttle
from app.domain.model.decision import Step
from app.domain.model.mail import Result
from app.domain.model.push import Order, Target
from app.domain.model.reason import Reason
from app.domain.model.receipt import Accepted, Gone, Receipt, Rejected, Retry, Unknown
from app.domain.model.throttle import Gate, Grant, Place, Ticket
from app.domain.rules import gate as gates
from app.domain.rules.backoff import PATIENCE, GiveUp, Patience, RetryAt
from app.topics import THROTTLE_KEY, Topics, coordinator_of
from app.turns.actor import Read
from app.turns.mailbox import Mailbox
from app.turns.partition import Partition
from app.turns.turn import Turn
from tables.ledger import (
    GATE,
    KEPT_MS,
    LEDGER,
    PLACES,
    TABLES,
    THE_GATE,
    TICKETS,
    Delivery,
    Stage,
    ledger_key,
    place_key,
)
from transports.base import Transport, leaving_by

AT_ONCE = 64
ANSWER_MS = 60_000
CLOCKS_MS = 900_000  # how far two workers' clocks may be apart; a call beyond is made again when it is due
NOTED_MS = 1_000  # who has waited so long for a token is told so
LAST_WORDS_S = 8.0
STEPS = 500


class Answer(NamedTuple):
    """What became of one call."""

    key: bytes
    attempt: int
    receipt: Receipt


class SenderActor(Mailbox):
    """One partition of one provider's sender. `throttle`: the one that is in force now; `partitions`: how many."""

    tables = TABLES

    def __init__(
        self,
        partition: Partition,
        topics: Topics,
        transport: Transport,
        patience: Patience = PATIENCE,
        throttle: Callable[[], Awaitable[Throttle | None]] | None = None,
        partitions: int = 1,
    ) -> None:
        super().__init__(partition, topics)
        self._throttle_now = throttle
        self._throttle: Throttle | None = None
        self._lender = coordinator_of(THROTTLE_KEY, partitions)
        self._has_queue = False
        self._closes_ms: int | None = None
        self._transport = transport
        self._patience = patience
        self._calls: dict[bytes, asyncio.Task[None]] = {}

    @property
    def in_flight(self) -> int:
        """Calls under way."""
        return len(self._calls)

    async def prepare(self) -> int:
        """Is there a throttle?"""
        if self._throttle_now is not None:
            self._throttle = await self._throttle_now()
        return await super().prepare()

    def room(self) -> int:
        """As many as may be in doubt at once, less those under way; a turn's worth where they join a queue."""
        if self._throttle is not None:
            return STEPS
        return max(0, AT_ONCE - len(self._calls) - self.partition.results_waiting)

    def read(self, record: Any) -> Read:
        """An order, or throttle tokens."""
        is_grant = record.topic == self.topics.sends_mail(self._transport.name)
        return Read(wire.decode_grant(record.value) if is_grant else wire.decode_order(record.value))

    def opened(self, turn: Turn) -> None:
        """Calls whose answers the journal lacks, and that this process is not waiting for, are made again.

        A call is due within a minute of its turn: what ended stays in the ledger for a day, and is not looked at. A
        stale entry names its key once more.
        """
        self._has_queue = turn.get(GATE, THE_GATE) is not None
        entries = turn.waiting(turn.now_ms + ANSWER_MS + CLOCKS_MS)
        for key in dict.fromkeys(full[1:] for _, full in entries if full[:1] == LEDGER.prefix):
            delivery = turn.get(LEDGER, key)
            if delivery is not None and delivery.stage is Stage.CALLING and key not in self._calls:
                self._again(turn, key, delivery, Reason.PROVIDER_UNAVAILABLE)

    def step(self, turn: Turn, record: Any, read: Read) -> None:
        """A new order: one delivery a device, called as soon as this turn is in the journal."""
        if read.message.__class__ is Grant:
            gate = turn.get(GATE, THE_GATE) or Gate()
            gates.heed(gate, read.message)
            turn.put(GATE, THE_GATE, gate)
            self._has_queue = True
            return
        order: Order = read.message
        for target in order.targets:
            key = ledger_key(order.push.message_id, target.device)
            if turn.get(LEDGER, key) is None:
                self._begin(turn, key, Delivery(Stage.WAITING, 0, turn.now_ms, turn.now_ms, order, target))

    def _begin(self, turn: Turn, key: bytes, delivery: Delivery) -> None:
        if delivery.is_cut_off(turn.now_ms):
            self._end(turn, key, delivery, Result.FAILED, Reason.CUT_OFF)
        elif self._throttle is None:
            self._try(turn, key, delivery, None)
        else:
            self._join(turn, key, delivery, gates.FIRST)

    def due(self, turn: Turn, key: bytes, due_ms: int) -> None:
        """Time to call again, to wait no longer, or to forget what has long ended. Every turn serves a gate."""
        if key[:1] != LEDGER.prefix:
            return
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
        if delivery.is_cut_off(turn.now_ms):
            self._end(turn, key, delivery, Result.FAILED, Reason.CUT_OFF)
        elif self._throttle is None:
            self._try(turn, key, delivery, reason)
        else:
            delivery.reason = reason
            self._join(turn, key, delivery, gates.AGAIN)

    def _try(self, turn: Turn, key: bytes, delivery: Delivery, reason: Reason | None) -> None:
        """The next call for this device, as soon as this turn is in the journal."""
        delivery.stage = Stage.CALLING
        delivery.attempts += 1
        delivery.due_ms = turn.now_ms + ANSWER_MS
        turn.put(LEDGER, key, delivery)
        turn.call((key, delivery.attempts, delivery.order, delivery.target))
        self._record(turn, delivery, Step.ATTEMPTED if delivery.attempts == 1 else Step.RETRIED, reason)

    def _join(self, turn: Turn, key: bytes, delivery: Delivery, lane: int) -> None:
        """It waits for a token, together with what else of its message waits for one."""
        order = delivery.order
        if order is None:
            return
        delivery.stage, delivery.due_ms = Stage.THROTTLED, order.not_after_ms or 0
        turn.put(LEDGER, key, delivery)
        message = order.push.message_id.encode("utf-8", "surrogatepass")
        ticket = turn.get(TICKETS, message)
        if ticket is None:
            gate = turn.get(GATE, THE_GATE) or Gate()
            ticket = Ticket(lane, gates.join(gate, lane), turn.now_ms, [])
            turn.put(GATE, THE_GATE, gate)
            turn.put(PLACES, place_key(lane, ticket.number), Place(order.push.message_id))
        ticket.devices.append(delivery.target.device)
        turn.put(TICKETS, message, ticket)
        self._has_queue = True

    def finish(self, turn: Turn) -> None:
        """Whoever waits and can be paid for is called; the coordinator hears how many more are wanted."""
        self._closes_ms = None
        if not self._has_queue:
            return
        gate = turn.get(GATE, THE_GATE) or Gate()
        before = gates.marks(gate)
        if self.partition.is_restricted:
            gate.look_ms = turn.now_ms  # whoever is the owner then
        else:
            self._serve(turn, gate)
        if gates.marks(gate) != before:
            turn.put(GATE, THE_GATE, gate)
        self._has_queue = self._throttle is not None or gates.waiting(gate) > 0

    def _serve(self, turn: Turn, gate: Gate) -> None:
        is_free = self._throttle is None
        room = AT_ONCE - len(self._calls) - len(turn.calls)
        for _ in range(STEPS):
            place = gates.first(gate)
            if place is None or room <= 0 or not (is_free or gates.is_open(gate, turn.now_ms)):
                break
            calls = self._admit(turn, place_key(*place))
            gates.leave(gate, place[0], is_paid=calls > 0 and not is_free)
            room -= calls
        if is_free:
            gates.forget(gate)
        else:
            self._closes_ms = gate.closes_ms
            asked = gates.ask(gate, self._transport.name, self.partition.number, turn.now_ms)
            if asked is not None:
                turn.send(self.topics.campaigns_mail, THROTTLE_KEY, wire.encode_pack(asked), self._lender)
        if room > 0 and gates.first(gate) is not None and (is_free or gate.available):
            gate.look_ms = max(turn.now_ms, gate.opens_ms - 1)

    def _admit(self, turn: Turn, at: bytes) -> int:
        """The first in the queue: call what still waits of it; how many calls."""
        place = turn.get(PLACES, at)
        message = b"" if place is None else place.message_id.encode("utf-8", "surrogatepass")
        ticket = turn.get(TICKETS, message)
        turn.delete(PLACES, at)
        turn.delete(TICKETS, message)
        if place is None or ticket is None:
            return 0
        before = len(turn.calls)
        for device in ticket.devices:
            key = ledger_key(place.message_id, device)
            delivery = turn.get(LEDGER, key)
            if delivery is not None and delivery.stage is Stage.THROTTLED:
                self._let_through(turn, key, delivery)
        return len(turn.calls) - before

    def _let_through(self, turn: Turn, key: bytes, delivery: Delivery) -> None:
        if not delivery.attempts:
            delivery.reason = Reason.THROTTLED if turn.now_ms - delivery.first_ms >= NOTED_MS else None
            delivery.first_ms = turn.now_ms  # the time to live runs from sending
        if delivery.is_cut_off(turn.now_ms):
            self._end(turn, key, delivery, Result.FAILED, Reason.CUT_OFF)
        elif delivery.is_expired(turn.now_ms):
            self._end(turn, key, delivery, Result.FAILED, Reason.EXPIRED)
        else:
            self._try(turn, key, delivery, delivery.reason)

    def appended(self, turn: Turn) -> None:
        """The attempts are in the journal: make the calls."""
        for key, attempt, order, target in turn.calls:
            task = asyncio.create_task(self._call(key, attempt, order, target, self._closes_ms))
            self._calls[key] = task

    async def _call(self, key: bytes, attempt: int, order: Order, target: Target, by_ms: int | None) -> None:
        now_ms = self.partition.now_ms
        try:
            if self.partition.is_fresh:  # a frozen process that wakes is the owner no more: it calls nobody
                if by_ms is not None:
                    leaving_by.set(lambda: (by_ms - now_ms()) / 1000)
                receipt = await self._transport.send(order.push, target, now_ms())
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
        match delivery.next_try(key, turn.now_ms, after_ms, self._patience):
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
        outcome = delivery.outcome(order, self._transport.name, result, reason, detail)
        user_key = order.push.user.encode("utf-8", "surrogatepass")
        turn.send(self.topics.users_mail, user_key, wire.encode_pack(outcome))
        delivery.stage, delivery.result, delivery.order = Stage.DONE, result, None
        delivery.due_ms = turn.now_ms + KEPT_MS
        turn.put(LEDGER, key, delivery)

    def _record(self, turn: Turn, delivery: Delivery, step: Step, reason: Reason | None = None) -> None:
        order = delivery.order
        if order is None:
            return
        decision = delivery.decision(order, self._transport.name, step, turn.now_ms, reason)
        user_key = order.push.user.encode("utf-8", "surrogatepass")
        turn.send(self.topics.decisions, user_key, wire.encode_decision(decision))

    async def closing(self) -> None:
        """Wait for the answers of the calls under way, within a limit: what is answered is not called again."""
        if self._calls:
            _, late = await asyncio.wait(set(self._calls.values()), timeout=LAST_WORDS_S)
            for task in late:
                task.cancel()
