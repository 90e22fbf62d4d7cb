"""Limits at soak size: many campaigns, many workers, kills all the while (C026, C154)."""

from __future__ import annotations

import random

from app.clock import monotonic_s
from tests.chaos.limiting import SCRIPT, demand, have_ended, judge, limited, strike
from tests.chaos.soaking import Fault, Found, Given, broker_in, say
from tests.integration.system import System
from tests.integration.waiting import until

TOTALS = (1, 1, 2, 3, 5, 8, 10, 20, 30, 40, 50, 75, 100, 150, 200, 300, 400, 600, 800, 1000)
TIMES = 4
KILLS = 40
WORKERS = 4
PARTITIONS = 8
ENDED_S = 900.0


def exact(given: Given) -> Found:
    """Every campaign ends at exactly its total, by count at the push service; nothing is left open."""
    with broker_in(given.folder) as bootstrap:
        system = System(bootstrap, given.folder / "app", partitions=PARTITIONS, clock="wall")
        try:
            return _strike(system, given)
        finally:
            system.close()


def _strike(system: System, given: Given) -> Found:
    dice, campaigns, kills = random.Random(given.seed), limited(TOTALS), given.times or KILLS
    system.set_up([system.write(f"{each.id}.yaml", each.file) for each in campaigns], SCRIPT)
    system.start_workers(WORKERS)
    messages, started_s = list(demand(campaigns, TIMES, given.seed)), monotonic_s()
    backlog = strike(system, messages, kills, dice)
    say(f"{len(backlog)} kills; {system.kafka.end(system.topics.decisions):,} decisions")
    violations = []
    try:
        until(lambda: have_ended(system, campaigns), ENDED_S, "every campaign has ended", 2.0)
    except AssertionError as error:
        violations.append(str(error))
    system.settle(ENDED_S)
    found = judge(system, campaigns)
    figures = {
        "events": len(messages),
        "kills_at_work": sum(each > 0 for each in backlog),
        "calls": dict(found.struck),
        "reached": found.reached,
        "striking_and_ending_s": round(monotonic_s() - started_s, 1),
    }
    return Found(len(backlog), [*violations, *found.wrong], figures)


FAULTS = (
    Fault(
        "limits", "20 campaigns with totals of 1 to 1,000, 4 workers, SIGKILLs, refusals, silence", 5, exact
    ),
)
