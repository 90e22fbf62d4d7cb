"""C152: the check itself finds what is lost, counted twice, or in two places."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.model.decision import Decision, Step
from app.domain.model.reason import Reason
from app.domain.model.user import Agenda, Held, OnItsWay
from tests.domain.makers import a_trigger
from tests.flow.conservation import LEADS, Conservation

OVER = {Step.ATTEMPTED, Step.RETRIED, Step.IMPRESSION, Step.CLICKED, Step.CONVERTED, Step.ANSWERED}


def a_step(step: Step, name: str = "m1", **fields: Any) -> Decision:
    reason = Reason.EXPIRED if step in {Step.FAILED, Step.DROPPED} else None
    return Decision(f"{name}.{step}", 1, "u1", "c", 1, step, name, **({"reason": reason} | fields))


def after(*steps: Decision) -> Conservation:
    found = Conservation()
    for each in steps:
        found.add(each)
    return found


def test_a_message_that_goes_its_way_has_no_fault_at_any_time() -> None:
    ways = (
        (Step.QUALIFIED, Step.HELD, Step.RELEASED, Step.SENT, Step.ATTEMPTED, Step.RETRIED, Step.ACCEPTED),
        (Step.QUALIFIED, Step.SENT, Step.FAILED),
        (Step.QUALIFIED, Step.INBOX),
        (Step.QUALIFIED, Step.DROPPED),
    )
    for way in ways:
        found = Conservation()
        for step in way:
            found.add(a_step(step))
            assert (found.faults, list(found.of_campaigns())) == ([], [])


def test_the_inbox_after_a_push_that_failed_is_no_second_place() -> None:
    found = after(a_step(Step.QUALIFIED), a_step(Step.SENT), a_step(Step.FAILED))
    found.add(a_step(Step.INBOX, detail={"after": "sent"}))
    assert (found.faults, list(found.of_campaigns())) == ([], [])


COPY = a_step(Step.INBOX, detail={"after": "copy"})


def test_a_copy_beside_the_push_is_no_second_place() -> None:
    found = after(a_step(Step.QUALIFIED), a_step(Step.SENT))
    for step in (COPY, a_step(Step.ACCEPTED)):
        found.add(step)
        assert (found.faults, list(found.of_campaigns())) == ([], [])


def test_an_answer_that_comes_too_late_moves_no_message() -> None:
    found = after(a_step(Step.QUALIFIED), a_step(Step.SENT), a_step(Step.ANSWERED, reason=Reason.TOO_LATE))
    assert (found.faults, list(found.of_campaigns())) == ([], [])


@pytest.mark.parametrize(
    "before", [(Step.QUALIFIED,), (Step.QUALIFIED, Step.HELD), (Step.QUALIFIED, Step.DROPPED)]
)
def test_a_copy_without_its_push_or_a_second_one_is_a_fault(before: tuple[Step, ...]) -> None:
    alone = after(*(a_step(step) for step in before))
    alone.add(COPY)
    assert alone.faults or list(alone.of_campaigns())
    twice = after(a_step(Step.QUALIFIED), a_step(Step.SENT))
    for _ in range(2):
        twice.add(COPY)
    assert twice.faults


@pytest.mark.parametrize(
    "steps",
    [
        (Step.SENT,),
        (Step.QUALIFIED, Step.QUALIFIED),
        (Step.QUALIFIED, Step.SENT, Step.SENT),
        (Step.QUALIFIED, Step.SENT, Step.ACCEPTED, Step.FAILED),
        (Step.QUALIFIED, Step.HELD, Step.SENT),
        (Step.QUALIFIED, Step.DROPPED, Step.RELEASED),
    ],
)
def test_a_step_that_does_not_lead_on_is_a_fault(steps: tuple[Step, ...]) -> None:
    assert after(*(a_step(step) for step in steps)).faults


def test_a_sum_that_misses_something_is_a_fault() -> None:
    """Given a held message that is dropped without a word that it was held, then the sums hold one too many."""
    held = (a_step(Step.QUALIFIED), a_step(Step.HELD))
    assert list(after(*held, a_step(Step.DROPPED, detail={"held": True})).of_campaigns()) == []
    told = list(after(*held, a_step(Step.DROPPED)).of_campaigns())
    assert told == ["c: held is counted 1, and there are 0", "c: gap is counted -1, and there are 0"]


def test_an_agenda_that_says_something_else_is_a_fault() -> None:
    held = Held("c", 1, "i", 5, a_trigger(), "m1")
    on_its_way = OnItsWay("c", 1, "m1", a_trigger(), ["d1"])
    found = after(a_step(Step.QUALIFIED), a_step(Step.HELD))
    assert list(found.of_user("u1", Agenda([held]))) == []
    for agenda in (None, Agenda([on_its_way]), Agenda([held, Held("c", 1, "j", 5, a_trigger(), "m2")])):
        assert list(found.of_user("u1", agenda)), agenda


def test_every_step_is_thought_of() -> None:
    assert LEADS.keys() | OVER == set(Step)
