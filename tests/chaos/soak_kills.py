"""C1 and C2 at soak size: workers killed again and again over a long log, and over their calls."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from typing import Any

from app.clock import monotonic_s, now_ms
from tests.chaos.crew import OWNED_S, Crew, Plan, Strikes, crew, still_in_flight
from tests.chaos.doubts import calls_in_doubt, fates, judge_repeats
from tests.chaos.soaking import Fault, Found, Given, say
from tests.integration.waiting import until

KILLS = 200
LOG = Plan(5_000_000, 0.04, 3, poured=0.01)
CALLS = Plan(400_000, 0.7, 2, partitions=4, poured=0.01)
BURSTS = (3, 3, 3, 3, 2)
BURST = 3
BETWEEN_S = (0.3, 0.8)
WORKING_S = 1.0
DECIDING_S = 300.0
TOLD = 10
LOOK_S = 0.05
CALL_LIMIT_S = 10.0


def over_events(given: Given) -> Found:
    """C1: bursts, each once the group decides again; whoever is killed first starts again while the others die."""
    with crew(given, replace(LOG, rows=given.events or LOG.rows)) as made:
        dice, strikes = random.Random(given.seed), Strikes()
        times = given.times or KILLS
        part = -(-made.plan.rows * BURST // times)
        while len(strikes.at_ms) < times:
            before = made.decided()
            made.pouring.pour(part)
            until(lambda: made.decided() > before, DECIDING_S, "something is decided again", LOOK_S)  # noqa: B023
            time.sleep(dice.uniform(0.0, WORKING_S))
            victims = dice.sample([*made.system.workers], dice.choice(BURSTS))
            for victim in victims[: times - len(strikes.at_ms)]:
                _kill(made, victim, strikes)
                time.sleep(dice.uniform(*BETWEEN_S))
            say(f"{len(strikes.at_ms)} of {times} kills; {made.decided():,} decisions")
        return _judge(made, strikes, monotonic_s())


def over_calls(given: Given) -> Found:
    """C2: only with calls of the victim at the push service; what is to be called comes as it goes on."""
    plan = replace(CALLS, rows=given.events or CALLS.rows)
    with crew(given, plan) as made:
        dice, strikes = random.Random(given.seed), Strikes()
        times = given.times or KILLS
        part = plan.rows // (2 * times)
        while len(strikes.at_ms) < times and made.pouring.rows < plan.rows:
            made.pouring.pour(part)
            victim = _caller(made, dice)
            if victim is None:
                continue
            _kill(made, victim, strikes)
            if len(strikes.at_ms) % TOLD == 0:
                say(f"{len(strikes.at_ms)} of {times} kills; {made.decided():,} decisions")
        found = _judge(made, strikes, monotonic_s())
        if found.strikes == times:
            return found
        short = f"{found.strikes} of {times} kills: the log is too short for more"
        return found._replace(violations=[*found.violations, short])


def _kill(made: Crew, victim: int, strikes: Strikes) -> None:
    """Stop a worker so that the calls in flight can be counted, kill it, start it again on its folder."""
    worker, backlog = made.system.workers[victim], made.system.backlog(victim)
    worker.freeze()
    at_ms = now_ms()
    strikes.note(worker.pid, still_in_flight(made), backlog, at_ms)
    worker.kill()
    made.system.start_worker(victim, made.plan.program)


def _caller(made: Crew, dice: random.Random) -> int | None:
    """Whoever has calls in flight; None where nobody has for ten seconds."""
    end_s = monotonic_s() + CALL_LIMIT_S
    while monotonic_s() < end_s:
        said = {number: made.system.owned(number) or [] for number in made.system.workers}
        callers = [
            number
            for number, partitions in said.items()
            if any(
                each["actor"] == "fcm" and each["in_flight"] and each["phase"] == "ready"
                for each in partitions
            )
        ]
        if callers:
            return dice.choice(callers)
        time.sleep(LOOK_S)
    return None


def _judge(made: Crew, strikes: Strikes, struck_s: float) -> Found:
    owned_s = made.owned_again(struck_s)
    judged, received = made.finish()
    wrong, budget = judge_repeats(made.system, strikes.pids, received)
    violations = [*judged.violations, *wrong]
    if owned_s > OWNED_S:
        violations.append(f"all partitions were owned {owned_s:.0f} s after the last kill")
    figures: dict[str, Any] = made.figures() | judged.figures() | strikes.figures()
    figures |= budget | {"owned_again_s": round(owned_s, 1)}
    struck_ms = dict(zip(strikes.pids, strikes.at_ms, strict=True))
    figures |= fates(calls_in_doubt(made.system, strikes.pids), received, struck_ms)
    return Found(len(strikes.at_ms), violations, figures)


FAULTS = (
    Fault("C1", "SIGKILL of 3 workers at work, in bursts, over 5,000,000 events, 200 times", 20, over_events),
    Fault("C2", "SIGKILL of a worker with calls at the push service, 200 times", 30, over_calls),
)
