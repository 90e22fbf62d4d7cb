"""Logs of millions of rows: made the same from the same seed, and judged by what was said, where and in which order."""

from __future__ import annotations

from itertools import islice

from tests.chaos.clicks import clicks
from tests.chaos.restarts import DRAIN_S, PROGRESS_S, Restarts, Storm
from tests.chaos.scale import Decisions, Judged, out_of_order, repeats_of
from tests.oracle.outcome import Outcome
from tests.oracle.reference import Reference
from tests.oracle.verdict import judge

FIRST = Outcome("payment-help", "u1", 1, "sent", 0)
SECOND = Outcome("payment-help", "u1", 2, "user_cap", 1)


def call(message: str, at_ms: int) -> dict[str, object]:
    return {"service": "fcm", "status": 200, "message": message, "at": at_ms}


def test_the_same_seed_makes_the_same_rows_in_order_of_time() -> None:
    rows = list(clicks(3, 5_000, 0.3))
    assert rows == list(clicks(3, 5_000, 0.3))
    assert rows[:100] != list(islice(clicks(4, 5_000, 0.3), 100))
    assert [each.row.at_s for each in rows] == sorted(each.row.at_s for each in rows)


def test_every_outcome_occurs_and_a_first_row_brings_its_user() -> None:
    reference, known = Reference(), set[str]()
    for click in clicks(3, 20_000, 0.3):
        reference.take(click.row)
        assert (b"identify" in click.messages[0][1]) >= (click.row.user not in known)
        known.add(click.row.user)
    outcomes = reference.end()
    assert {each.end for each in outcomes} == {"sent", "inbox", "user_cap"}
    assert any(each.was_held for each in outcomes)


def test_a_user_whose_messages_ended_in_another_order_is_named() -> None:
    ends = [(FIRST.message_id, "sent"), (SECOND.message_id, "user_cap")]
    assert out_of_order([FIRST, SECOND], {"u1": ends}) == []
    assert out_of_order([FIRST, SECOND], {"u1": ends[::-1]})
    assert out_of_order([FIRST, SECOND], {"u1": ends[:1]})
    assert out_of_order([FIRST], {"u1": ends[:1], "u2": ends[1:]})


def test_a_message_that_neither_left_nor_was_dropped_is_unfinished() -> None:
    found = Decisions()
    for step, ids in {
        "qualified": ["a", "b", "c"],
        "sent": ["a"],
        "accepted": ["a"],
        "dropped": ["b"],
    }.items():
        found.messages[step] += ids
    assert found.unfinished() == {"c"}


def test_only_the_push_service_may_see_something_again() -> None:
    again = judge({"a"}, ["a", "a"])
    assert Judged({"shown": again}, [], 0).violations == []
    assert Judged({"sent": again}, [], 0).violations
    assert Judged({"shown": judge({"a"}, [])}, [], 0).violations
    assert Judged({"shown": judge([], ["a"])}, [], 0).violations


def test_a_push_that_was_taken_twice_is_a_repeat_with_its_times() -> None:
    received = [call("a", 1_000), call("b", 1_900), call("a", 2_500)]
    assert repeats_of(received) == {"a": [1_000, 2_500]}


def test_a_drain_that_takes_too_long_and_a_group_that_stands_still_are_violations() -> None:
    assert Restarts([1.0]).violations == []
    assert Restarts([DRAIN_S + 1]).violations
    ended = Restarts([1.0])
    ended.codes[-9] += 1
    assert ended.violations
    assert Storm(progress_s=1.0).violations == []
    assert Storm(progress_s=PROGRESS_S + 1).violations
