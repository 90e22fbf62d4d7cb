"""Thousands of worlds, each with faults of its own: every promise holds in each (fault C30)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.notes import note
from tests.simulation.plan import STRIKES
from tests.simulation.running import run_many, run_seed

SEEDS = 2000
UNREFUSED = 200
REGRESSIONS = Path(__file__).with_name("regressions.txt")


def known_seeds() -> list[int]:
    """The seeds that once failed; a line has the seed first, and why it failed after it."""
    lines = REGRESSIONS.read_text(encoding="utf-8").splitlines()
    return [int(line.split()[0]) for line in lines if line and not line.startswith("#")]


@pytest.mark.timeout(1200)
def test_every_promise_holds_in_every_world() -> None:
    """Given worlds with crashes, zombies and losses, then the oracle finds nothing missing and nothing unexpected."""
    found = run_many(range(SEEDS))
    note(f"simulation: {found.told()}")
    assert not found.failed, f"replay by `python -m tests.simulation SEED --trace`: {found.told()}"
    assert found.struck.keys() >= {*STRIKES, "lost", "late", "given up"}, "a fault that never struck"


def test_every_promise_holds_where_the_broker_refuses_no_owner_of_old() -> None:
    """Given that every owner has another producer id, and waits for nobody, then what is misplaced costs nothing."""
    found = run_many(range(UNREFUSED), "new_ids")
    note(f"simulation, no owner refused: {found.told()}")
    assert not found.failed
    assert found.struck["misplaced"]


@pytest.mark.parametrize("seed", known_seeds())
def test_a_world_that_once_failed_still_holds(seed: int) -> None:
    assert run_seed(seed).violations == []
