"""The simulation finds every build that is broken on purpose: one that it does not find would be a hole in it."""

from __future__ import annotations

import pytest

from tests.integration.notes import note
from tests.simulation.mutants import MUTANTS
from tests.simulation.running import run_many

WITHIN = 400


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_build_is_found(name: str) -> None:
    found = run_many(range(WITHIN), name, stop_at=1)
    assert found.failed, f"{name} survived {WITHIN} worlds"
    seed, what = found.failed[0]
    note(f"broken build {name}: found by seed {seed}: {what.splitlines()[0][:90]}")


def test_a_mutant_leaves_the_build_as_it_was() -> None:
    run_many(range(1), "skip_event", stop_at=1)
    assert not run_many(range(5)).failed
