"""Calls in doubt when a sender is opened: each is made again once, however often the timer index names it."""

from __future__ import annotations

from typing import Any

from agents.senders import SenderActor
from app.domain.model.push import Order, Push, Target
from app.turns.state import State
from app.turns.timers import Timers, index_key
from app.turns.turn import Turn
from app.turns.watermark import Watermark
from tables.ledger import LEDGER, Delivery, Stage, ledger_key
from tests.app.turns.memory import MemoryStore
from tests.flow.engine import TOPICS

TARGET = Target("d-1", "tok-1", "android")
ORDER = Order(Push("m-1", "u-1", "c-1", 1, "Hello", "There"), (TARGET,), 0)


class Named:
    """All that a sender asks of a transport before it calls."""

    name = "fcm"


def test_a_stale_timer_entry_does_not_make_two_calls_of_one_doubt() -> None:
    """Given a folder restored from the journal, which keeps entries of values since replaced (found by simulation)."""
    key, store = ledger_key("m-1", "d-1"), MemoryStore()
    delivery = Delivery(Stage.CALLING, 2, 900, 100, ORDER, TARGET)
    store.write([(LEDGER.prefix + key, LEDGER.encode(delivery))])
    store.write([(index_key(due_ms, LEDGER.prefix + key), b"") for due_ms in (500, 900)])
    actor: Any = SenderActor(None, TOPICS, Named())  # type: ignore[arg-type]
    turn = Turn(State(store, Timers(store)), Watermark(b"", 0, 0, {}, {}), 1000)
    actor.opened(turn)
    assert [(call_key, attempt) for call_key, attempt, _, _ in turn.calls] == [(key, 3)]
