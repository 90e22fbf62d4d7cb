"""Calls that were never answered: a failure after one is not known to be one (C026)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from agents.senders import Answer, SenderActor
from app.domain.model.mail import Outcome, Result
from app.domain.model.push import Order, Push, Target
from app.domain.model.reason import Reason
from app.domain.model.receipt import Accepted, Gone, Receipt, Rejected, Retry, Unknown
from app.domain.rules.backoff import Patience
from app.topics import Topics
from app.turns.state import State
from app.turns.timers import Timers
from app.turns.turn import Turn
from app.turns.watermark import Watermark
from tables.ledger import LEDGER, Delivery, Stage, ledger_key
from tests.app.turns.memory import MemoryStore

NOW_MS = 1_700_000_000_000
KEY = ledger_key("m-1", "d")
TOPICS = Topics("app", "events")


class NobodysTransport:
    """Has a name."""

    name = "fcm"


class Sender:
    """A sender with one call under way, that tries twice."""

    def __init__(self) -> None:
        store, nothing, transport = MemoryStore(), None, NobodysTransport()
        self.turn = Turn(State(store, Timers(store)), Watermark(b"", 0, 0, {}, {}), NOW_MS)
        made: Any = (nothing, TOPICS, transport, Patience(attempts=2))
        self._actor = SenderActor(*made)
        order = Order(Push("m-1", "u", "c", 1, "t", "b"), (), 0)
        delivery = Delivery(Stage.CALLING, 1, NOW_MS, NOW_MS, order, Target("d", "token", "android"))
        self.turn.put(LEDGER, KEY, delivery)

    def crash(self) -> None:
        """Its process is gone: whoever opens next makes the call again."""
        self._actor.opened(self.turn)

    def hear(self, receipt: Receipt) -> None:
        """An answer to the call under way; one that is temporary is followed by the next call."""
        delivery = self.turn.get(LEDGER, KEY)
        assert delivery is not None
        self._actor.done(self.turn, Answer(KEY, delivery.attempts, receipt))
        if delivery.stage is Stage.WAITING:
            self.turn.now_ms = delivery.due_ms
            self._actor.due(self.turn, LEDGER.prefix + KEY, delivery.due_ms)

    def last_word(self) -> Outcome:
        """What it tells the user's actor."""
        (mail,) = [each for each in self.turn.mail if each.topic == TOPICS.users_mail]
        return msgspec.msgpack.decode(mail.value or b"", type=Outcome)


BUSY = Retry(Reason.PROVIDER_UNAVAILABLE)
NEVER = [
    ([BUSY, BUSY], False),
    ([Unknown(), BUSY], True),
    ([BUSY, Unknown()], True),
    ([Unknown(), Unknown()], True),
    ([Unknown(), Gone()], True),
    ([Unknown(), Accepted()], False),
    ([Rejected(Reason.PROVIDER_REJECTED)], False),
    ([None, Gone()], False),
    ([None, BUSY], True),
    ([None, Unknown()], True),
]
"""What each call was answered with, None where the process was gone; whether the last word says `unanswered`."""


@pytest.mark.parametrize(("receipts", "unanswered"), NEVER)
def test_a_failure_after_a_call_without_an_answer_says_so(receipts: list[Any], unanswered: bool) -> None:
    """Given a call whose answer never came, when it ends otherwise than accepted, then the last word says so; given one
    whose answer was lost with its process, only where the next call did not settle it."""
    sender = Sender()
    for receipt in receipts:
        if receipt is None:
            sender.crash()
        else:
            sender.hear(receipt)
    word = sender.last_word()
    assert word.unanswered is unanswered
    assert (word.result is Result.ACCEPTED) == isinstance(receipts[-1], Accepted)
