"""The simulation finds every build that is broken on purpose: one that it does not find would be a hole in it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice

import pytest

from tests.integration.notes import note
from tests.simulation.mutants import MUTANTS
from tests.simulation.plan import draw
from tests.simulation.running import run_many

WITHIN = 400
NEEDS = {"pause_ignored": "pause"}


def seeds_for(name: str) -> Iterator[int]:
    """The first seeds; for a build that shows only under a rare strike, the first in whose worlds it is drawn."""
    kind = NEEDS.get(name)
    seeds = count() if kind is None else (seed for seed in count() if _has(seed, kind))
    return islice(seeds, WITHIN)


def _has(seed: int, kind: str) -> bool:
    plan = draw(seed)
    return plan.is_wall and any(strike.kind == kind for strike in plan.strikes)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_build_is_found(name: str) -> None:
    found = run_many(seeds_for(name), name, stop_at=1)
    assert found.failed, f"{name} survived {WITHIN} worlds"
    seed, what = found.failed[0]
    note(f"broken build {name}: found by seed {seed}: {what.splitlines()[0][:90]}")


def test_a_mutant_leaves_the_build_as_it_was() -> None:
    run_many(range(1), "skip_event", stop_at=1)
    assert not run_many(range(5)).failed
