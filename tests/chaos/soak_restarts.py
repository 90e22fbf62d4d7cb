"""C3 and C9 at soak size: rolling restarts, and a group that never rests."""

from __future__ import annotations

from dataclasses import replace

from tests.chaos.crew import Plan, crew
from tests.chaos.restarts import BETWEEN_S, restart_in_turn, storm
from tests.chaos.scale import repeats_of
from tests.chaos.soaking import Fault, Found, Given

ROUNDS = 50
STORM_S = 1_800.0
ROLLING = Plan(400_000, 0.3, 2, partitions=4, poured=0.01)
STORMY = Plan(2_000_000, 0.05, 2, partitions=4, poured=0.01)


def rolling(given: Given) -> Found:
    """C3."""
    rounds = given.times or ROUNDS
    with crew(given, replace(ROLLING, rows=given.events or ROLLING.rows)) as made:
        part = (made.plan.rows - made.pouring.rows) // (rounds * made.plan.workers)
        done = restart_in_turn(made.system, rounds, lambda: made.pouring.pour(part))
        judged, received = made.finish()
    violations = [*judged.violations, *done.violations]
    repeated = repeats_of(received)
    if repeated:
        violations.append(f"{len(repeated)} pushes shown again over a stop in good order")
    figures = (
        made.figures() | judged.figures() | {"restarts": len(done.drains_s), "restarted_at_work": done.busy}
    )
    figures["longest_drain_s"] = round(max(done.drains_s), 1)
    return Found(done.busy, violations, figures)


def storms(given: Given) -> Found:
    """C9."""
    seconds = given.seconds or (given.times * BETWEEN_S if given.times else STORM_S)
    with crew(given, replace(STORMY, rows=given.events or STORMY.rows)) as made:
        part = int(made.plan.rows * BETWEEN_S / seconds)
        done = storm(made.system, seconds, given.seed, lambda: made.pouring.pour(part))
        judged, _ = made.finish()
    figures = made.figures() | judged.figures() | {"changes": dict(done.changes)}
    figures["progress_s"] = round(done.progress_s, 1)
    return Found(sum(done.changes.values()), [*judged.violations, *done.violations], figures)


FAULTS = (
    Fault("C3", "SIGTERM rolling restart of every worker under load, 50 rounds", 15, rolling),
    Fault("C9", "a worker joins or leaves, by stop or kill, every 2 s for 30 min", 40, storms),
)
