"""The rebalance storm itself (C9): it never leaves the group without somebody who stays."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from tests.chaos.restarts import MOST, Storm, change

SEEDS = 100
CHANGES = 30
SLOW = 12


class Slow:
    """A worker that takes its time to end: so many times it is asked whether it runs."""

    def __init__(self, asked: int) -> None:
        self._asks_left: int | None = None
        self._asked = asked
        self._code: int | None = None

    @property
    def code(self) -> int | None:
        """What it ended with."""
        if self._asks_left is not None:
            self._asks_left -= 1
            if self._asks_left <= 0:
                self._code = 0
        return self._code

    @property
    def is_staying(self) -> bool:
        """As a process of ours."""
        return self._code is None and self._asks_left is None

    def kill(self) -> None:
        """At once."""
        self._code = -9

    def ask_to_end(self) -> None:
        """In a while."""
        self._asks_left = self._asks_left or self._asked


class Slows:
    """Has workers, and starts them."""

    def __init__(self) -> None:
        self.workers = {number: Slow(SLOW) for number in range(MOST - 1)}

    def start_worker(self, number: int, _program: Sequence[str]) -> None:
        """A new one."""
        assert number not in self.workers or self.workers[number].code is not None
        self.workers[number] = Slow(SLOW)


def test_a_storm_always_leaves_somebody_who_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given workers that are long about ending, when they come and go, then one at least has not been told to."""
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    for seed in range(SEEDS):
        slows: Any = Slows()
        dice, done = random.Random(seed), Storm()
        for _ in range(CHANGES):
            change(slows, dice, done)
            assert any(each.is_staying for each in slows.workers.values()), (seed, done.changes)
        assert sum(done.changes.values()) == CHANGES
        assert len(done.changes) == 3


def test_a_worker_that_ends_by_itself_is_a_violation() -> None:
    """Given workers that were killed and stopped, then nothing is wrong; given one that ended with 70, then it is."""
    done = Storm()
    done.codes.update([0, -9, -15])
    assert done.violations == []
    done.codes[70] += 1
    assert done.violations == ["workers ended by themselves, with [70]"]
