"""Whatever cannot be decided on ends with a decision or a dead letter, and the sums hold (C152, E6)."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from agents.senders import ANSWER_MS, SenderActor
from app import wire
from app.domain import decide
from app.domain.model.campaign import Quiet, QuietThen, Unless, When
from app.domain.model.decision import Step
from app.domain.model.mail import Outcome, Result
from app.domain.model.push import Order, Push, Target
from app.domain.model.reason import Reason
from app.domain.model.user import User
from app.topics import Topics
from app.turns.deciding import Decider, Input, Work
from app.turns.state import State
from app.turns.timers import Timers
from app.turns.watermark import Watermark
from tables.ledger import LEDGER, Stage, ledger_key
from tests.app.turns.memory import MemoryRecord, MemoryStore
from tests.domain.makers import a_campaign
from tests.flow.engine import TOPICS, Flow
from tests.flow.limited import accepts, cart, limited, said
from tests.flow.test_triggers import MINUTE, at, track
from tests.flow.town import Town

REMINDER = When("add_to_cart", unless=Unless("purchase", 600_000))
DEVICE = {"device": {"id": "d1", "type": "android", "token": "t1"}}


def spoil(monkeypatch: pytest.MonkeyPatch, name: str, user: str) -> None:
    """Deciding on this user raises."""
    real = getattr(decide, name)

    def spoilt(of: User, *others: Any) -> Any:
        if of.id == user:
            raise LookupError("nobody can decide on this one")
        return real(of, *others)

    monkeypatch.setattr(decide, name, spoilt)


def letters(flow: Flow) -> list[dict[str, Any]]:
    return [json.loads(mail.value or b"") for mail in flow.sent if mail.topic == TOPICS.dead_letters]


def test_a_held_message_that_cannot_be_released_is_dropped_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Given two held through the night, when deciding on one raises, then it is dropped, and the other is sent."""
    quiet = Quiet(9 * 60, 11 * 60, QuietThen.HOLD)
    flow = Flow([a_campaign(quiet=quiet)])
    flow.feed([cart(1), cart(2)])
    spoil(monkeypatch, "on_due", "u1")
    flow.tick(at(3 * 60 * MINUTE))
    ends = {(each["user"], each["step"], each.get("reason")) for each in flow.decisions()}
    assert ends >= {("u1", "dropped", "decision_failed"), ("u2", "sent", None)}
    told = next(each for each in flow.decisions() if each["step"] == "dropped")
    assert told["detail"] == {"held": True, "detail": "LookupError: nobody can decide on this one"}
    assert not letters(flow)


def test_a_timer_that_cannot_be_decided_on_is_a_dead_letter_that_can_be_replayed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Given two carts, when deciding on one's timer raises, then what started it is kept; replayed, it is reminded."""
    flow = Flow([a_campaign(when=REMINDER)])
    flow.feed([cart(1), cart(2)])
    with monkeypatch.context() as patch:
        spoil(patch, "on_due", "u1")
        flow.tick(at(20 * MINUTE))
    (letter,) = letters(flow)
    assert (letter["reason"], letter["topic"], letter["partition"]) == ("failed_step", TOPICS.events, 0)
    assert [each["user"] for each in flow.decisions() if each["step"] == "sent"] == ["u2"]
    again = Flow([a_campaign(when=REMINDER)])
    again.feed([track("hello", 0, "h", "u1") | {"context": DEVICE}, json.loads(letter["value"])])
    again.tick(at(20 * MINUTE))
    assert [each["trigger"] for each in again.decisions() if each["step"] == "sent"] == [{"event_id": "a1"}]


def test_one_who_waits_for_a_limit_and_cannot_be_decided_on_is_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Given three for two coupons, when the turn of one raises, then they are dropped; the others are reached."""
    spoil(monkeypatch, "on_turn", "u1")
    town = Town([limited(2)], partitions=1, answer=accepts)
    town.feed([cart(1), cart(2), cart(3)])
    town.run()
    assert [each["user"] for each in town.decisions if each.get("reason") == "decision_failed"] == ["u1"]
    assert sorted(town.steps("dropped", "accepted")) == ["accepted", "accepted", "dropped decision_failed"]


class Refuses:
    """A transport that nobody gets to."""

    name = "fcm"


class Place:
    """A partition, as far as a sender needs one."""

    number = results_waiting = 0
    is_fresh = True


class Sender:
    """A sender's turns over a store in memory."""

    def __init__(self) -> None:
        topics = Topics("app", "events")
        self.topics, store = topics, MemoryStore()
        self.state = State(store, Timers(store))
        nothing: Any = Place()
        transport: Any = Refuses()
        self.actor = SenderActor(nothing, topics, transport)
        self._decider = Decider(
            self.actor, self.state, [Input(topics.sends("fcm"), relayed=True)], lambda _pairs: True
        )
        self._watermark = Watermark(b"", 0, 0, {}, {})
        self.letters: list[dict[str, Any]] = []

    def take(self, records: list[MemoryRecord], now_ms: int) -> list[Any]:
        """One turn; the outcomes that it mails."""
        decided = self._decider.decide(Work((), records, now_ms, now_ms), self._watermark)
        self._watermark = decided.turn.watermark
        self.state.store.write(decided.changes)
        number, index = self.state.timers.commit()
        self.state.store.write(index)
        self.state.timers.saved(number, index)
        dead = [m for m in decided.turn.mail if m.topic == self.topics.dead_letters]
        self.letters += [json.loads(each.value or b"") for each in dead]
        mail = [m for m in decided.turn.mail if m.topic == self.topics.users_mail]
        return [wire.decode_user_mail(each.value or b"") for each in mail]


def test_a_delivery_that_cannot_be_decided_on_ends_with_an_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a call without an answer, when deciding on its next attempt raises, then the user hears that it failed.

    The call may have been taken, so it is not known to have failed (C026).
    """
    order = Order(Push("m-1", "u1", "c", 1, "t", "b"), (Target("d1", "t1", "android"),), 0)
    sender = Sender()
    record = MemoryRecord(sender.topics.sends("fcm"), 0, 0, 0, b"u1", msgspec.msgpack.encode(order))
    assert sender.take([record], 1_000) == []

    def explode(*_: Any) -> None:
        raise LookupError("no more attempts")

    monkeypatch.setattr(sender.actor, "_again", explode)
    (outcome,) = sender.take([], 1_000 + ANSWER_MS)
    assert isinstance(outcome, Outcome)
    assert (outcome.result, outcome.reason, outcome.unanswered) == (
        Result.FAILED,
        Reason.DECISION_FAILED,
        True,
    )
    assert "no more attempts" in outcome.detail
    delivery = sender.state.find(LEDGER, LEDGER.prefix + ledger_key("m-1", "d1")).value
    assert delivery.stage is Stage.DONE


def test_a_delivery_that_failed_so_is_settled_and_its_reservation_comes_back() -> None:
    """Given such an outcome, then the message failed, and the next one gets the coupon."""
    town = Town([limited(1)], partitions=1)
    town.feed([cart(1), cart(2)])
    town.run()
    town.tell(said(town.orders[0], Result.FAILED, Reason.DECISION_FAILED))
    town.run()
    assert town.steps(str(Step.FAILED)) == ["failed decision_failed"]
    assert [order.push.user for order in town.orders] == ["u1", "u2"]


def test_mail_that_nobody_can_read_is_a_dead_letter_and_the_next_is_decided() -> None:
    """Given bytes in a sender's mailbox that are no order, then they are kept, and the order behind them is called."""
    sender = Sender()
    topic = sender.topics.sends("fcm")
    order = Order(Push("m-1", "u1", "c", 1, "t", "b"), (Target("d1", "t1", "android"),), 0)
    records = [
        MemoryRecord(topic, 0, 0, 0, b"u1", b"no order"),
        MemoryRecord(topic, 0, 1, 0, b"u1", msgspec.msgpack.encode(order)),
    ]
    sender.take(records, 1_000)
    sender.take(records, 1_000)
    delivery = sender.state.find(LEDGER, LEDGER.prefix + ledger_key("m-1", "d1")).value
    assert delivery.stage is Stage.CALLING
    assert [letter["reason"] for letter in sender.letters] == ["unreadable"]


def test_mail_to_users_that_nobody_can_read_is_a_dead_letter_too() -> None:
    flow = Flow([a_campaign()])
    flow.mail("u1", b"no mail")
    flow.feed([cart(1)])
    assert [letter["reason"] for letter in letters(flow)] == ["unreadable"]
    assert [each["step"] for each in flow.decisions()] == ["qualified", "sent"]
