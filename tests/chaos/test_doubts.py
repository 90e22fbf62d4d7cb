"""Which calls were made again, and whether their maker was struck: told from a sender's journal alone."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from app.domain.model.push import Target
from app.topics import Topics
from app.turns.opening import OPENED_KEY
from app.turns.watermark import Opened, encode
from tables.ledger import LEDGER, Delivery, Stage
from tests.chaos.doubts import Doubts, Struck, calls_in_doubt, fates

KEY = LEDGER.prefix + b"m"
BEGUN_MS = 700


class Record:
    """One record of partition 0."""

    def __init__(self, key: bytes, value: bytes) -> None:
        self._key, self._value = key, value

    def key(self) -> bytes:
        return self._key

    def value(self) -> bytes:
        return self._value

    def partition(self) -> int:
        return 0

    def timestamp(self) -> tuple[int, int]:
        return 1, BEGUN_MS


def opened(pid: int) -> Record:
    return Record(OPENED_KEY, encode(Opened(f"127.0.0.1:1/{pid}", 1, 1, 0)))


def delivery(stage: Stage, attempts: int) -> Record:
    return Record(KEY, LEDGER.encode(Delivery(stage, attempts, 0, 0, None, Target("d", "t", "android"))))


def doubts(records: Sequence[Record], struck: Sequence[int]) -> Doubts:
    system: Any = SimpleNamespace(
        kafka=SimpleNamespace(each=lambda _topic: iter(records)), topics=Topics("a", "a.in")
    )
    return calls_in_doubt(system, struck)


TWICE = [opened(1), delivery(Stage.CALLING, 1), opened(2), delivery(Stage.CALLING, 2)]


def test_a_call_whose_maker_was_killed_may_be_made_again() -> None:
    assert doubts(TWICE, [1]) == Doubts(1, [Struck("m", 1, BEGUN_MS)])


def test_a_call_whose_maker_was_not_killed_may_not() -> None:
    found = doubts(TWICE, [2])
    assert (found.excused, len(found.unexcused)) == (0, 1)


def test_a_call_that_was_answered_before_the_next_is_no_doubt() -> None:
    for stage in (Stage.WAITING, Stage.DONE):
        answered = [*TWICE[:2], delivery(stage, 1), *TWICE[2:]]
        found = doubts(answered, [1])
        assert (found.excused, found.unexcused) == (0, [])


def test_a_call_made_again_after_no_answer_is_told_from_one_that_was_refused() -> None:
    found = doubts([*TWICE[:2], delivery(Stage.WAITING, 1), *TWICE[2:]], [])
    refused = {"service": "fcm", "message": "m", "status": 503}
    assert found.unanswered([refused | {"status": 200}]) == 1
    assert found.unanswered([refused]) == 0


def test_where_a_call_in_doubt_was_when_its_maker_was_struck() -> None:
    """Given when each call came and was answered, then some have their answers, some not yet; the rest never came.

    The call of an earlier maker, who was struck before, says nothing about this one's.
    """
    names = ("young", "old", "late", "refused", "another's")
    found = Doubts(5, [Struck(name, 1, BEGUN_MS) for name in names])
    calls = {"young": (200, 900, 1_050), "old": (200, 790, 940), "late": (200, 1_100, 1_250)}
    calls["another's"] = (200, BEGUN_MS - 1, BEGUN_MS + 1)
    lines = [
        {"service": "fcm", "message": name, "status": status, "at": at, "answered": answered}
        for name, (status, at, answered) in (calls | {"refused": (503, 700, 700)}).items()
    ]
    assert fates(found, lines, {1: 1_000}) == {
        "not_at_the_service": 3,
        "unanswered_by_the_service": 1,
        "answered_and_not_journaled": 1,
        "answer_ages_ms": [60, 60, 60, 60],
    }
