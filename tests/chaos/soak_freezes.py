"""C4 at soak size: workers frozen at work past their session, and woken when their partitions are others'."""

from __future__ import annotations

import random
import time
from dataclasses import replace

from app.clock import monotonic_s
from app.engine import SESSION_S
from tests.chaos import broken
from tests.chaos.crew import Crew, Plan, Strikes, crew, still_in_flight
from tests.chaos.doubts import judge_repeats
from tests.chaos.soaking import Fault, Found, Given, say
from tests.integration.waiting import until

FREEZES = 20
FROZEN_S = SESSION_S + 4
WORKING_S = 1.0
LIMIT_S = 120.0
REFUSED = ": Refused: "
LOOK_S = 0.02
FROZE = Plan(300_000, 0.25, 3, poured=0.02, program=broken.program("slow"))
"""A moment before each append of users, so that a worker is always frozen with a turn in hand."""


def freezes(given: Given) -> Found:
    """C4."""
    with crew(given, replace(FROZE, rows=given.events or FROZE.rows)) as made:
        dice, strikes, refused = random.Random(given.seed), Strikes(), list[int]()
        times = given.times or FREEZES
        for number in range(times):
            refused.append(_freeze(made, dice, strikes, -(-made.plan.rows // times)))
            say(f"{number + 1} of {times} freezes, refused {refused[-1]} times")
            if made.ended():
                break
        ended = made.ended()
        judged, received = made.finish()
        wrong, budget = judge_repeats(made.system, strikes.pids, received)
    violations = [*judged.violations, *wrong, *ended]
    unrefused = refused.count(0)
    if unrefused:
        violations.append(f"{unrefused} woken workers were never refused")
    figures = made.figures() | judged.figures() | strikes.figures() | budget | {"refused": refused}
    return Found(len(refused), violations, figures)


def _freeze(made: Crew, dice: random.Random, strikes: Strikes, rows: int) -> int:
    """Bring work, freeze somebody at it past the session, wake; how often it was refused."""
    before = made.decided()
    made.pouring.pour(rows)
    until(lambda: made.decided() > before, LIMIT_S, "something is decided again", LOOK_S)
    time.sleep(dice.uniform(0.0, WORKING_S))
    number = dice.choice([*made.system.workers])
    victim, backlog = made.system.workers[number], made.system.backlog(number)
    said, frozen_s = victim.text.count(REFUSED), monotonic_s()
    victim.freeze()
    strikes.note(victim.pid, still_in_flight(made), backlog)
    made.wait_for_others(number)
    until(lambda: monotonic_s() - frozen_s > FROZEN_S, LIMIT_S, "the session is over")
    victim.wake()
    made.system.wait_until_ready(LIMIT_S)
    return victim.text.count(REFUSED) - said


FAULTS = (Fault("C4", "SIGSTOP of a worker at work past its session, then SIGCONT, 20 times", 12, freezes),)
