"""C3 and C9: workers that are stopped and started in turn, and workers that come and go without a pause."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.clock import monotonic_s
from tests.integration.process import PROGRAM, Process
from tests.integration.system import System
from tests.integration.waiting import until

DRAIN_S = 10.0
READY_S = 90.0
PROGRESS_S = 30.0
BETWEEN_S = 2.0
MOST = 3
ENDS = {0, -signal.SIGKILL, -signal.SIGTERM}


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
    """What happened to the group; how long after its end something was decided, and every worker had its part."""

    changes: Counter[str] = field(default_factory=Counter)
    codes: Counter[int] = field(default_factory=Counter)
    progress_s: float = 0.0
    ready_s: float = 0.0

    @property
    def violations(self) -> list[str]:
        """There is progress soon after the last change, and nobody ended but those who were told to."""
        late = self.progress_s > PROGRESS_S
        wrong = [f"no progress for {self.progress_s:.0f} s after the last change"] if late else []
        others = set(self.codes) - ENDS
        return wrong + ([f"workers ended by themselves, with {sorted(others)}"] if others else [])


def storm(
    system: System, seconds: float, seed: int, more: Callable[[], object], program: Sequence[str] = PROGRAM
) -> Storm:
    """Somebody joins or leaves, by stop or by kill, every two seconds; `more` brings work after each change."""
    dice, done = random.Random(seed), Storm()
    end_s = monotonic_s() + seconds
    while monotonic_s() < end_s:
        time.sleep(dice.uniform(0.5 * BETWEEN_S, 1.5 * BETWEEN_S))
        change(system, dice, done, program)
        more()
    before, changed_s = _decided(system), monotonic_s()
    more()
    until(lambda: _decided(system) > before, 4 * PROGRESS_S, "something is decided after the storm", 0.2)
    done.progress_s = monotonic_s() - changed_s
    until(lambda: all(each.is_staying for each in _running(system)), READY_S, "the last stopped has ended")
    system.wait_until_ready(READY_S)
    done.ready_s = monotonic_s() - changed_s
    done.codes.update(each.code for each in system.workers.values() if each.code is not None)
    return done


def change(system: System, dice: random.Random, done: Storm, program: Sequence[str] = PROGRAM) -> None:
    """Somebody joins, or is killed and stopped by turns; somebody who has not been told to end is always left."""
    staying = [number for number, worker in system.workers.items() if worker.is_staying]
    if len(staying) < MOST - 1:
        until(lambda: _ended(system), READY_S, "somebody who was stopped has ended")
    ended = _ended(system)
    if ended and (len(staying) < MOST - 1 or dice.random() < 0.5):
        number = dice.choice(ended)
        if (earlier := system.workers.get(number)) is not None and earlier.code is not None:
            done.codes[earlier.code] += 1
        system.start_worker(number, program)
        done.changes["joined"] += 1
        return
    victim = system.workers[dice.choice(staying)]
    if done.changes["killed"] <= done.changes["stopped"]:
        victim.kill()
        done.changes["killed"] += 1
    else:
        victim.ask_to_end()
        done.changes["stopped"] += 1


def _ended(system: System) -> list[int]:
    return [
        number
        for number in range(MOST)
        if number not in system.workers or system.workers[number].code is not None
    ]


def _running(system: System) -> list[Process]:
    return [worker for worker in system.workers.values() if worker.code is None]


def _decided(system: System) -> int:
    return system.kafka.end(system.topics.decisions)
