"""The core and the plain pipeline agree, message for message, on thousands of random worlds."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from functools import lru_cache

import pytest

from tests.plain.__main__ import story
from tests.plain.compare import by_plain_loops, by_the_core, difference, shrunk
from tests.plain.disorder import calm, fired, shuffled
from tests.plain.mutants import MUTANTS
from tests.plain.pipeline import Told
from tests.plain.worlds import World, make

WORLDS = 2000
WITHIN = 500
ENDS = {
    "no_device", "push_ask", "push_blocked", "push_unsupported", "suspended", "not_live", "outside_schedule", "cut_off",
    "control_group", "quiet_hours", "user_cap", "per_user_limit", "total_limit", "daily_limit", "missing_variable",
    "cancelled", "superseded", "too_late", "expired",
}  # fmt: skip


@lru_cache(maxsize=300)
def plainly(seed: int) -> tuple[World, list[Told]]:
    """The world of a seed, and what the plain pipeline tells of it."""
    world = make(seed)
    return world, sorted(by_plain_loops(world))


def is_told_otherwise(seed: int) -> bool:
    """Does the core tell something else?"""
    world, plain = plainly(seed)
    return sorted(by_the_core(world)) != plain


def test_core_and_plain_pipeline_tell_the_same_of_every_world() -> None:
    """Given 2,000 worlds, then each step of each message is the same, and every reason there is has struck."""
    struck: Counter[tuple[str, str]] = Counter()
    for seed in range(WORLDS):
        world, plain = plainly(seed)
        if sorted(by_the_core(world)) != plain:
            pytest.fail(f"python -m tests.plain {seed}\n{story(shrunk(world))}")
        struck.update((told.step, told.reason) for told in plain)
    assert {reason for step, reason in struck if step == "dropped"} == ENDS
    assert {reason for step, reason in struck if step == "held"} == {"delay", "quiet_hours", "app_launch"}
    assert (
        min(struck["sent", ""], sum(struck[step, why] for step, why in struck if step == "inbox"))
        > WORLDS / 10
    )


@pytest.mark.parametrize("mutant", list(MUTANTS))
def test_a_broken_rule_is_found(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a core with one rule broken, then some world tells it apart."""
    module, name, change = MUTANTS[mutant]
    monkeypatch.setattr(module, name, change(getattr(module, name)))
    assert any(map(is_told_otherwise, range(WITHIN))), f"{mutant}: not found in {WITHIN} worlds"


def test_a_log_in_disorder_fires_what_the_sorted_one_fires() -> None:
    """C010t: given waiting triggers and a log shuffled within the lateness, then the same come true."""
    worlds = moved = pushes = 0
    for seed in range(200):
        world = calm(make(seed))
        if world is None:
            continue
        log = shuffled(world, seed)
        expected = fired(world, world["log"])
        assert fired(world, log) == expected, f"seed {seed}"
        worlds += 1
        pushes += len(expected)
        moved += sum(one is not other for one, other in zip(log, world["log"], strict=True))
    assert worlds > 100
    assert moved > 500
    assert pushes > 250


def test_a_seed_is_one_world_for_ever_and_a_difference_shrinks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given another process, then a seed tells the same there; given a broken rule, then its world gets small."""
    code = "from tests.plain.worlds import make; import json; print(json.dumps(make(7)))"
    there = [subprocess.check_output([sys.executable, "-c", code], env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."})
             for seed in ("1", "2")]  # fmt: skip
    assert there[0] == there[1]
    module, name, change = MUTANTS["restart keeps each"]
    monkeypatch.setattr(module, name, change(getattr(module, name)))
    world = next(world for world in map(make, range(WITHIN)) if difference(world))
    small = shrunk(world)
    assert difference(small)
    assert len(small["campaigns"]) == 1
    assert len(small["log"]) <= 4
    assert "only core " in story(small)
    assert by_the_core(small) != by_plain_loops(small)
