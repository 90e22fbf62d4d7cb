"""A long clean run under the watchdog's own limits: a slow and at times failing provider, workers that come and go.

Whatever a sound installation goes through, nobody may be given up, and what was decided is exact.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from app.clock import monotonic_s
from tests.chaos.killing import chunks, finish
from tests.integration.fixtures import systems_on
from tests.integration.judging import make_work
from tests.integration.process import PROGRAM
from tests.integration.system import System
from tests.integration.waiting import until

ROWS_A_SECOND = 12
PART_S = 5.0
CHANGE_PARTS = 12
STEADY = (0, 1)
GUEST = 2
LIMIT_S = 120.0
SLOW: Sequence[dict[str, Any]] = (
    {"service": "fcm", "token": "tok-*3", "first": 2, "status": 503, "headers": {"Retry-After": "2"}},
    {"service": "fcm", "token": "tok-*7", "first": 1, "status": 429, "headers": {"Retry-After": "20"}},
    {"service": "fcm", "token": "tok-*5", "delay": "8s"},
    {"service": "fcm", "delay": "300ms"},
)


class Watched(NamedTuple):
    """What came of a clean run. `changes`: workers that came or went. `wrong`: in words."""

    seconds: float
    messages: int
    changes: int
    wrong: list[str]
    told: str


def watch_clean_run(
    bootstrap: str, folder: Path, seed: int, seconds: float, program: Sequence[str] = PROGRAM
) -> Watched:
    """Feed for so long; every minute a third worker comes, or goes; at the end everything must be decided.

    It ends early where a worker was given up: what such a group has left undone is no longer the question.
    """
    began_s = monotonic_s()
    with systems_on(bootstrap, folder) as systems:
        system = systems.make()
        work = make_work(seed, rows=max(200, int(seconds * ROWS_A_SECOND)))
        system.set_up(script=list(SLOW))
        system.start_workers(len(STEADY), program)
        changes = _feed_all(system, work, seconds, random.Random(seed))
        if wrong := _wrong(system):
            return Watched(monotonic_s() - began_s, len(work.messages), changes, wrong, "not judged")
        findings = finish(system, work)
        wrong = _wrong(system)
        if not findings.exact:
            wrong.append(findings.told())
        codes = system.stop_workers()
        wrong += [f"worker {number} ended with {code}" for number, code in codes.items() if code]
        return Watched(monotonic_s() - began_s, len(work.messages), changes, wrong, findings.told())


def _feed_all(system: System, work: Any, seconds: float, dice: random.Random) -> int:
    """The messages in parts, one every few seconds; how often a worker came or went."""
    changes, began_s = 0, monotonic_s()
    parts = list(chunks(work, max(2, int(seconds / PART_S))))
    for number, part in enumerate(parts):
        system.feed(part)
        if number % CHANGE_PARTS == CHANGE_PARTS // 2:
            _change(system)
            changes += 1
        due_s = began_s + number * PART_S + dice.uniform(0, PART_S / 2)
        until(lambda due_s=due_s: monotonic_s() >= due_s, LIMIT_S, "the next part is due", 0.2)  # type: ignore[misc]
        if _wrong(system):
            return changes
    return changes


def _change(system: System) -> None:
    """The third worker comes; or goes, as an operator lets it."""
    guest = system.workers.get(GUEST)
    if guest is None or guest.code is not None:
        system.start_worker(GUEST)
    elif guest.stop() != 0:
        raise AssertionError(f"the guest did not stop cleanly: {guest.last_words()}")


def _wrong(system: System) -> list[str]:
    """Workers that were given up, or that have ended though nobody asked."""
    said = [
        f"worker {number}: {line}"
        for number, worker in system.workers.items()
        for line in worker.text.splitlines()
        if line.startswith("watchdog: ")
    ]
    ended = {n: each.code for n, each in system.workers.items() if n != GUEST and each.code is not None}
    return said[:5] + [f"worker {number} has ended with {code}" for number, code in ended.items()]
