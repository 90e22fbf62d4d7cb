"""The watchdog's threads: what they do with what they see, whatever else hangs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from app.housekeeping import watcher
from app.housekeeping.watcher import GAVE_UP, STALE_S, Look, Watcher
from app.turns.ports import Phase
from app.turns.watchdog import Found, Group, InputSight, Limits, Place, Sight

LIMIT_S = 20.0
STUCK = Sight("users/0", 0, Phase.READY, "journal", (InputSight("in", 3, 3),), stored=9)
FOUND = Found({("in", 0): 12, ("journal", 0): 9}, frozenset(), Group("Stable", 1))


class FixedProbe:
    """Says what it was given, and remembers what it was asked."""

    def __init__(self, found: Found | None) -> None:
        self.found = found
        self.asked: list[Sequence[Place]] = []
        self.was_asked = threading.Event()

    def ask(self, places: Sequence[Place]) -> Found | None:
        """The same each time."""
        self.asked.append(places)
        self.was_asked.set()
        return self.found


class Stopwatch:
    """Goes on when it is told to."""

    def __init__(self) -> None:
        self.at_s = 1000.0

    def monotonic_s(self) -> float:
        """The time it was set to."""
        return self.at_s

    def now_ms(self) -> int:
        """The same, in milliseconds."""
        return int(self.at_s * 1000)


def a_watcher(found: Found | None = FOUND, clock: Any = None, **given: Any) -> tuple[Watcher, FixedProbe]:
    probe: Any = FixedProbe(found)
    return Watcher(probe, clock or Stopwatch(), [("campaigns", 0)], **given), probe


def seconds(
    made: Watcher, clock: Stopwatch, count: float, look: Look, fresh: Found | None = FOUND
) -> list[str]:
    """So many seconds, a look each half, with the loop turning and the probe answering; what is said at the end."""
    said: list[str] = []
    for _ in range(int(count * 2)):
        clock.at_s += 0.5
        made.show(look)
        made._found = (clock.at_s, fresh)
        said = said or made.judge()
    return said


def test_a_partition_that_stands_still_is_said_and_one_that_was_asked_about_too_long_ago_is_not() -> None:
    """Given a stall, then it is said; given a probe whose thread hangs, then nothing is judged by what it once said."""
    clock = Stopwatch()
    made, _ = a_watcher(clock=clock)
    assert "the fetch brings none" in str(seconds(made, clock, 40, Look((STUCK,), None)))
    silent, _ = a_watcher(clock=clock)
    silent._found = (clock.at_s, FOUND)
    for _ in range(int(STALE_S + 60) * 2):
        clock.at_s += 0.5
        silent.show(Look((STUCK,), None))
        assert silent.judge() == []


def test_a_frozen_process_begins_anew() -> None:
    """Given 25 s of a stall, an hour's freeze, and 25 s more, then nothing is said."""
    clock = Stopwatch()
    made, _ = a_watcher(clock=clock)
    assert seconds(made, clock, 25, Look((STUCK,), None)) == []
    clock.at_s += 3600
    made.judge()
    assert seconds(made, clock, 25, Look((STUCK,), None)) == []


def test_it_asks_for_every_place_that_a_partition_needs() -> None:
    """Given a partition that was shown, then its inputs, its journal, and what all need."""
    made, probe = a_watcher()
    made.show(Look((STUCK,), None))
    assert made._places() == [("campaigns", 0), ("in", 0), ("journal", 0)]
    assert not probe.asked


async def test_it_says_whether_a_broker_is_there() -> None:
    """Given a probe that finds nobody, then that is known as soon as it was asked; and the thread ends when told."""
    made, probe = a_watcher(found=None)
    made.start()
    assert await asyncio.to_thread(probe.was_asked.wait, LIMIT_S)
    while made.broker_there:  # noqa: ASYNC110 - it is a thread that says so
        await asyncio.sleep(0.01)
    made.stop()


async def test_it_ends_the_process_with_everything_said(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Given a stall beyond its limit, then not ready, the numbers, tasks and threads in the log, and exit code 70."""
    monkeypatch.setattr(watcher, "UNREADY_S", 0.05)
    ended, codes = threading.Event(), []

    def end(code: int) -> None:
        codes.append(code)
        ended.set()

    made, _ = a_watcher(end=end)
    made._loop = asyncio.get_running_loop()
    made.show(Look((STUCK,), None))
    made._found = (0.0, FOUND)
    waiting = asyncio.create_task(asyncio.Event().wait(), name="users/0 waits")
    await asyncio.sleep(0)
    await asyncio.to_thread(made._give_up, ["users/0 in: 9 records wait"])
    assert await asyncio.to_thread(ended.wait, LIMIT_S)
    waiting.cancel()
    said = capfd.readouterr().err
    assert codes[0] == GAVE_UP
    assert made.gave_up == "users/0 in: 9 records wait"
    assert '"journal_end":9' in said
    assert '"in":{"end":12,"reached":3,"handed":3}' in said
    assert "task users/0 waits: Event.wait" in said
    assert "most recent call first" in said


def test_a_dump_that_hangs_keeps_nobody_from_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a log that nobody reads, then the process ends all the same."""
    hang, ended = threading.Event(), threading.Event()
    monkeypatch.setattr(watcher, "LAST_S", 0.05)
    monkeypatch.setattr(watcher, "UNREADY_S", 0.0)
    monkeypatch.setattr(watcher, "dump", lambda *_: hang.wait(LIMIT_S))
    made, _ = a_watcher(end=lambda _code: ended.set())
    giving_up = threading.Thread(target=made._give_up, args=(["stuck"],), daemon=True)
    giving_up.start()
    assert ended.wait(LIMIT_S / 2)
    assert giving_up.is_alive()
    hang.set()
    giving_up.join(LIMIT_S)


def test_the_limits_are_those_of_the_promise() -> None:
    """Reliability, section 5: what may last for how long."""
    limits = Limits()
    assert (limits.watermark_s, limits.answer_s, limits.store_s) == (30, 30, 30)
    assert (limits.restore_s, limits.assignment_s, limits.loop_s) == (60, 60, 5)
    assert watcher.UNREADY_S < watcher.LAST_S < 10
