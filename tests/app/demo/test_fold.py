"""Decisions in, counts out."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec

from app.demo.fold import Fold
from app.demo.summary import summarise, table
from app.domain.model.decision import Decision, Step
from app.domain.model.reason import Reason

NUMBERS = itertools.count()


def a_decision(step: Step, message: str = "m1", **fields: Any) -> Decision:
    fields = {"id": f"d{next(NUMBERS)}", "campaign": "cart-reminder"} | fields
    return Decision(at=0, user="u1", version=1, step=step, message_id=message, **fields)


def folded(*decisions: Decision) -> Fold:
    fold = Fold()
    for decision in decisions:
        fold.add(decision)
    return fold


def counts(fold: Fold) -> dict[str, Any]:
    told: dict[str, Any] = summarise(fold, 10, 1.0)["campaigns"]["cart-reminder"]
    return told


def test_a_message_that_a_push_service_took() -> None:
    fold = folded(*(a_decision(step) for step in (Step.QUALIFIED, Step.SENT, Step.RETRIED, Step.ACCEPTED)))
    assert counts(fold) == {
        "qualified": 1,
        "held": 0,
        "sent": 1,
        "accepted": 1,
        "retried": 1,
        "failed": {},
        "dropped": {},
        "inbox": 0,
    }
    assert fold.unfinished() == []


def test_a_decision_that_comes_twice_counts_once() -> None:
    decision = a_decision(Step.QUALIFIED)
    assert counts(folded(decision, decision))["qualified"] == 1


def test_a_message_that_is_held_twice_was_held_once() -> None:
    steps = (Step.QUALIFIED, Step.HELD, Step.RELEASED, Step.HELD)
    fold = folded(*(a_decision(step) for step in steps))
    assert counts(fold)["held"] == 1
    assert fold.unfinished() == ["cart-reminder: 1 undecided, 1 of them held"]


def test_a_held_message_that_was_released_and_dropped_has_ended() -> None:
    held = [a_decision(step) for step in (Step.QUALIFIED, Step.HELD, Step.RELEASED)]
    fold = folded(*held, a_decision(Step.DROPPED, reason=Reason.USER_CAP))
    assert counts(fold)["dropped"] == {"user_cap": 1}
    assert fold.unfinished() == []


def test_a_message_on_its_way_has_not_ended() -> None:
    fold = folded(a_decision(Step.QUALIFIED), a_decision(Step.SENT))
    assert fold.unfinished() == ["cart-reminder: 1 sent, neither accepted nor failed"]


def test_an_inbox_item_after_a_failed_push_is_no_second_ending() -> None:
    sent = [a_decision(Step.QUALIFIED), a_decision(Step.SENT)]
    failed = a_decision(Step.FAILED, reason=Reason.RETRIES_EXHAUSTED)
    fold = folded(*sent, failed, a_decision(Step.INBOX, detail={"after": "sent"}))
    assert fold.unfinished() == []
    assert counts(fold)["failed"] == {"retries_exhausted": 1}
    assert counts(fold)["inbox"] == 1


def test_an_inbox_item_alone_ends_a_message() -> None:
    assert folded(a_decision(Step.QUALIFIED), a_decision(Step.INBOX)).unfinished() == []


def test_the_order_of_decisions_does_not_matter() -> None:
    decisions = [a_decision(step) for step in (Step.QUALIFIED, Step.HELD, Step.RELEASED, Step.SENT)]
    decisions.append(a_decision(Step.ACCEPTED))
    told = [folded(*order) for order in itertools.permutations(decisions)]
    assert all(counts(fold) == counts(told[0]) and not fold.unfinished() for fold in told)


def test_campaigns_that_nothing_happened_to_stand_in_the_summary() -> None:
    summary = summarise(Fold(["night-owl"]), 10, 2.04)
    assert summary["campaigns"]["night-owl"]["qualified"] == 0
    assert (summary["events"], summary["seconds"]) == (10, 2.0)


def test_a_decision_is_read_as_it_stands_in_the_topic() -> None:
    dropped = a_decision(Step.DROPPED, reason=Reason.USER_CAP)
    assert msgspec.json.decode(msgspec.json.encode(dropped), type=Decision) == dropped


def test_the_table_has_a_line_for_each_campaign() -> None:
    made = table(summarise(Fold(["cart-reminder", "night-owl"]), 10, 0.0))
    assert made.row_count == 2
