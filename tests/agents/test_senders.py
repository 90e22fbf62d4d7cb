"""A sender that opens looks at what may be in doubt, and not at what ended during the last day."""

from __future__ import annotations

from typing import Any

from agents.senders import ANSWER_MS, CLOCKS_MS, SenderActor
from app.domain.model.mail import Result
from app.domain.model.push import Order, Push, Target
from app.topics import Topics
from app.turns.state import State
from app.turns.timers import Timers
from app.turns.turn import Turn
from app.turns.watermark import Watermark
from tables.ledger import KEPT_MS, LEDGER, Delivery, Stage, ledger_key
from tests.app.turns.memory import MemoryStore

NOW_MS = 1_700_000_000_000
ENDED = 500


class CountingStore(MemoryStore):
    """Counts how many values were read."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0

    def get(self, key: bytes) -> bytes | None:
        self.reads += 1
        return super().get(key)


class NobodysTransport:
    """Has a name."""

    name = "fcm"


def a_delivery(number: int, stage: Stage, due_ms: int) -> tuple[bytes, Delivery]:
    order = Order(Push(f"m-{number}", "u", "c", 1, "t", "b"), (), 0)
    delivery = Delivery(stage, 1, due_ms, NOW_MS, order, Target("d", "token", "android"))
    if stage is Stage.DONE:
        delivery.result, delivery.order = Result.ACCEPTED, None
    return ledger_key(f"m-{number}", "d"), delivery


def opened(deliveries: list[tuple[bytes, Delivery]]) -> tuple[list[str], int]:
    """Put these into a ledger on disk, open a sender on it: the messages that it calls again, and values read."""
    store = CountingStore()
    before = Turn(State(store, Timers(store)), Watermark(b"", 0, 0, {}, {}), NOW_MS)
    for key, delivery in deliveries:
        before.put(LEDGER, key, delivery)
    store.write([*before.changes(), *before.state.timers.commit()[1]])
    store.reads = 0
    turn = Turn(State(store, Timers(store)), Watermark(b"", 1, 0, {}, {}), NOW_MS)
    nothing: Any = None
    transport: Any = NobodysTransport()
    SenderActor(nothing, Topics("app", "events"), transport).opened(turn)
    return [order.push.message_id for _, _, order, _ in turn.calls], store.reads


def test_calls_in_doubt_are_made_again() -> None:
    """C153: given calls journaled before a crash, also by a worker whose clock was ahead, then each is called again."""
    doubt = [a_delivery(n, Stage.CALLING, NOW_MS + due_ms) for n, due_ms in enumerate((-5000, 0, ANSWER_MS))]
    ahead = a_delivery(3, Stage.CALLING, NOW_MS + ANSWER_MS + CLOCKS_MS)
    waiting = a_delivery(4, Stage.WAITING, NOW_MS + 1000)
    called, _ = opened([*doubt, ahead, waiting])
    assert called == ["m-0", "m-1", "m-2", "m-3"]


def test_what_has_ended_costs_an_opening_nothing() -> None:
    """Given a day of deliveries that ended, then opening reads none of them: it must not hold up the event loop."""
    ended = [a_delivery(n, Stage.DONE, NOW_MS + KEPT_MS - n) for n in range(ENDED)]
    called, reads = opened([*ended, a_delivery(ENDED, Stage.CALLING, NOW_MS)])
    assert called == [f"m-{ENDED}"]
    assert reads <= 2
