"""Inaction timers that nobody has fired yet though they are due, because a worker was away or busy."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from app.domain.catalog import make_plan
from app.domain.model.campaign import Repeat, Unless, When
from app.domain.model.event import Event
from app.domain.model.user import Activity, Agenda, Profile, User
from app.domain.rules import inaction
from tests.domain.makers import a_campaign

WITHIN_MS = 600_000


def armed(repeat: Repeat, *times_ms: int, horizon_ms: int = -WITHIN_MS) -> list[tuple[int, str]]:
    """Due time and trigger of every timer that runs after carts at these times, none of which has fired."""
    when = replace(When("add_to_cart"), unless=Unless("purchase", WITHIN_MS), repeat=repeat)
    plan, user = make_plan(a_campaign(when=when), 1), User("u-1", Profile(), Activity(), Agenda())
    for number, time_ms in enumerate(times_ms):
        inaction.arm(user, plan, Event("u-1", f"e-{number}", time_ms, time_ms, "add_to_cart", {}), horizon_ms)
    entries: list[Any] = user.agenda.entries
    return [(entry.due_ms, entry.trigger.event_id) for entry in entries]


@pytest.mark.parametrize("repeat", [Repeat.RESTART, Repeat.KEEP_FIRST])
def test_a_cart_after_the_time_is_over_leaves_the_first_reminder_to_come(repeat: Repeat) -> None:
    """C010: only a second A before T restarts, or is left to the first (found by simulation)."""
    assert armed(repeat, 0, WITHIN_MS + 1) == [(WITHIN_MS, "e-0"), (2 * WITHIN_MS + 1, "e-1")]


def test_a_cart_at_the_very_end_of_the_time_still_restarts() -> None:
    assert armed(Repeat.RESTART, 0, WITHIN_MS) == [(2 * WITHIN_MS, "e-1")]


def test_a_cart_within_the_time_is_kept_only_until_no_late_event_can_make_it_the_first() -> None:
    """C010t: what does not count now may count once a late purchase has ended the first one's time."""
    assert armed(Repeat.KEEP_FIRST, 0, WITHIN_MS) == [(WITHIN_MS, "e-0"), (2 * WITHIN_MS, "e-1")]
    later = 10 * WITHIN_MS
    kept = armed(Repeat.KEEP_FIRST, 0, 10, WITHIN_MS, later, horizon_ms=WITHIN_MS)
    assert kept == [(WITHIN_MS, "e-0"), (later + WITHIN_MS, "e-3")]
