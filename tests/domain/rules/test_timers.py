"""Timers that several ids started, as one user's (C010)."""

from __future__ import annotations

from itertools import permutations

import pytest

from app.domain.model.campaign import Repeat
from app.domain.model.user import Trigger, Waiting
from app.domain.rules.timers import as_one


def timer(event_id: str, time_ms: int, within_ms: int = 100) -> Waiting:
    """A timer that this event started."""
    return Waiting("c", 1, "", time_ms + within_ms, Trigger(event_id, "cart", time_ms, {}))


@pytest.mark.parametrize(
    ("repeat", "times", "left"),
    [
        (Repeat.RESTART, (0, 50, 100), [100]),
        (Repeat.RESTART, (0, 101), [0, 101]),
        (Repeat.KEEP_FIRST, (0, 50, 100), [0]),
        (Repeat.KEEP_FIRST, (0, 50, 101), [0, 101]),
        (Repeat.EACH, (0, 50, 101), [0, 50, 101]),
    ],
)
def test_repeat_says_which_timers_run(repeat: Repeat, times: tuple[int, ...], left: list[int]) -> None:
    """Given timers of one campaign in any order, then those run that would if one id had brought all events."""
    for order in permutations([timer(f"e{at_ms}", at_ms) for at_ms in times]):
        assert [each.trigger.time_ms for each in as_one(order, repeat)] == left


def test_one_event_starts_one_timer() -> None:
    """Given the same event under two ids, then one timer, also with `each`."""
    assert len(as_one([timer("e", 0), timer("e", 0)], Repeat.EACH)) == 1
