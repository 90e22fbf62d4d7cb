"""C3 and C9: workers that are stopped and started in turn, and workers that come and go without a pause."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.clock import monotonic_s
from tests.integration.process import PROGRAM
from tests.integration.system import System
from tests.integration.waiting import until

DRAIN_S = 10.0
READY_S = 90.0
PROGRESS_S = 30.0
BETWEEN_S = 2.0
MOST = 3


@dataclass
class Restarts:
    """How long each worker took to end, and what it ended with."""

    drains_s: list[float] = field(default_factory=list)
    codes: Counter[int] = field(default_factory=Counter)
    busy: int = 0

    @property
    def violations(self) -> list[str]:
        """A drain has a limit, and ends well."""
        slow = [each for each in self.drains_s if each > DRAIN_S]
        wrong = (
            [f"{len(slow)} drains took more than {DRAIN_S:g} s, the longest {max(slow):.1f}"] if slow else []
        )
        return wrong + ([f"ended with {dict(self.codes)}"] if set(self.codes) - {0} else [])


def restart_in_turn(
    system: System, rounds: int, more: Callable[[], object], program: Sequence[str] = PROGRAM
) -> Restarts:
    """Every worker, one after the other, round after round; `more` brings work before each."""
    done = Restarts()
    for _ in range(rounds):
        for number in sorted(system.workers):
            before = _decided(system)
            more()
            until(lambda: _decided(system) > before, READY_S, "work goes on", 0.01)  # noqa: B023 - asked at once
            done.busy += system.backlog(number) > 0
            began_s = monotonic_s()
            done.codes[system.workers[number].stop()] += 1
            done.drains_s.append(monotonic_s() - began_s)
            system.start_worker(number, program)
            system.wait_until_ready(READY_S)
    return done


@dataclass
class Storm:
    """What happened to the group, and how long after its end something was decided."""

    changes: Counter[str] = field(default_factory=Counter)
    progress_s: float = 0.0

    @property
    def violations(self) -> list[str]:
        """There is progress soon after the last change."""
        late = self.progress_s > PROGRESS_S
        return [f"no progress for {self.progress_s:.0f} s after the last change"] if late else []


def storm(
    system: System, seconds: float, seed: int, more: Callable[[], object], program: Sequence[str] = PROGRAM
) -> Storm:
    """Somebody joins or leaves, by stop or by kill, every two seconds; `more` brings work after each change."""
    dice, done = random.Random(seed), Storm()
    end_s = monotonic_s() + seconds
    while monotonic_s() < end_s:
        time.sleep(dice.uniform(0.5 * BETWEEN_S, 1.5 * BETWEEN_S))
        done.changes[_change(system, dice, done.changes, program)] += 1
        more()
    if not _running(system):
        done.changes[_change(system, dice, done.changes, program)] += 1
    before, changed_s = _decided(system), monotonic_s()
    more()
    until(lambda: _decided(system) > before, 4 * PROGRESS_S, "something is decided after the storm", 0.2)
    done.progress_s = monotonic_s() - changed_s
    return done


def _change(system: System, dice: random.Random, struck: Counter[str], program: Sequence[str]) -> str:
    """Somebody joins, or is killed and stopped by turns."""
    running = _running(system)
    ended = [
        number
        for number in range(MOST)
        if number not in system.workers or system.workers[number].code is not None
    ]
    if ended and (len(running) < MOST - 1 or dice.random() < 0.5):
        system.start_worker(dice.choice(ended), program)
        return "joined"
    victim = system.workers[dice.choice(running)]
    if struck["killed"] <= struck["stopped"]:
        victim.kill()
        return "killed"
    victim.ask_to_end()
    return "stopped"


def _running(system: System) -> list[int]:
    return [number for number, worker in system.workers.items() if worker.code is None]


def _decided(system: System) -> int:
    return system.kafka.end(system.topics.decisions)
