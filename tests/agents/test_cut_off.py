"""What a sender does with a message whose cut-off comes: nothing is called from then on (C043)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from agents.senders import Answer, SenderActor
from app import wire
from app.domain.model.mail import Outcome
from app.domain.model.push import Order, Push, Target
from app.domain.model.reason import Reason
from app.domain.model.receipt import Retry
from app.topics import Topics
from app.turns.actor import Read
from app.turns.state import State
from app.turns.timers import Timers
from app.turns.turn import Turn
from app.turns.watermark import Watermark
from tables.ledger import LEDGER, Stage, ledger_key
from tests.agents.test_senders import NOW_MS, NobodysTransport
from tests.app.turns.memory import MemoryStore

KEY = ledger_key("m-1", "d")
TOPICS = Topics("app", "events")


class Desk:
    """One sender, turn after turn, without a provider."""

    def __init__(self) -> None:
        store = MemoryStore()
        self.state = State(store, Timers(store))
        nothing: Any = None
        transport: Any = NobodysTransport()
        self.sender = SenderActor(nothing, TOPICS, transport)

    def turn(self, now_ms: int) -> Turn:
        return Turn(self.state, Watermark(b"", 1, 0, {}, {}), now_ms)

    def order(self, not_after_ms: int | None, now_ms: int = NOW_MS) -> Turn:
        """Hand an order over."""
        push, target = Push("m-1", "u", "c", 1, "t", "b"), Target("d", "token", "android")
        turn = self.turn(now_ms)
        self.sender.step(turn, None, Read(Order(push, (target,), now_ms, {}, not_after_ms)))
        return turn

    def unavailable(self, after_ms: int) -> Turn:
        """The provider asks for another try so much later."""
        turn = self.turn(NOW_MS)
        retry = Retry(Reason.PROVIDER_UNAVAILABLE, after_ms)
        self.sender.done(turn, Answer(KEY, 1, retry))
        return turn


def ends(turn: Turn) -> list[Reason | None]:
    """Why deliveries ended in this turn."""
    mail = [wire.decode_user_mail(each.value or b"") for each in turn.mail if each.topic == TOPICS.users_mail]
    return [each.reason for each in mail if isinstance(each, Outcome)]


@pytest.mark.parametrize(("left_ms", "called"), [(1, 1), (0, 0), (-1, 0)])
def test_an_order_that_comes_at_its_cut_off_is_not_called(left_ms: int, called: int) -> None:
    turn = Desk().order(NOW_MS + left_ms)
    assert len(turn.calls) == called
    assert ends(turn) == ([] if called else [Reason.CUT_OFF])


@pytest.mark.parametrize(("not_after_ms", "expected"), [(60_000, [Reason.CUT_OFF]), (60_001, []), (None, [])])
def test_a_retry_that_would_come_at_the_cut_off_is_not_waited_for(
    not_after_ms: int | None, expected: list[Reason]
) -> None:
    """Given a provider that asks for a minute, then the delivery waits only where it is over before the cut-off."""
    desk = Desk()
    desk.order(None if not_after_ms is None else NOW_MS + not_after_ms)
    turn = desk.unavailable(60_000)
    assert ends(turn) == expected
    delivery = turn.get(LEDGER, KEY)
    assert delivery is not None
    assert (delivery.stage is Stage.WAITING) is not bool(expected)


def test_a_retry_that_is_looked_at_too_late_is_not_made() -> None:
    """Given a worker that was away when the retry was due and comes back after the cut-off, then nothing is called."""
    desk = Desk()
    desk.order(NOW_MS + 90_000)
    due_ms = desk.unavailable(60_000).get(LEDGER, KEY)
    assert due_ms is not None
    turn = desk.turn(NOW_MS + 90_000)
    desk.sender.due(turn, LEDGER.prefix + KEY, replace(due_ms).due_ms)
    assert (ends(turn), turn.calls) == ([Reason.CUT_OFF], [])


@pytest.mark.parametrize("was_calling", [True, False])
def test_a_call_whose_answer_was_lost_before_the_cut_off_may_have_been_taken(was_calling: bool) -> None:
    """Given a worker that comes back after the cut-off, then it says whether it was gone in a call (C026)."""
    desk = Desk()
    desk.order(NOW_MS + 90_000)
    if not was_calling:
        desk.unavailable(60_000)
    turn = desk.turn(NOW_MS + 120_000)
    delivery = turn.get(LEDGER, KEY)
    assert delivery is not None
    desk.sender.due(turn, LEDGER.prefix + KEY, delivery.due_ms)
    words = [
        wire.decode_user_mail(each.value or b"") for each in turn.mail if each.topic == TOPICS.users_mail
    ]
    told = [(word.reason, word.unanswered) for word in words if isinstance(word, Outcome)]
    assert told == [(Reason.CUT_OFF, was_calling)]
