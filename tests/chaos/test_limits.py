"""Limits are exact on any number of workers, through crashes, and reached where demand is enough (C026, C154)."""

from __future__ import annotations

import random

import pytest

from tests.chaos.limiting import SCRIPT, demand, have_ended, judge, limited, strike
from tests.integration.fixtures import Systems
from tests.integration.notes import note
from tests.integration.waiting import until

FEW, MANY = (3, 40), (1, 3, 10, 40, 100)

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]


@pytest.mark.parametrize(
    ("totals", "times", "partitions", "kills"),
    [(FEW, 4, 2, 2), pytest.param(MANY, 6, 4, 5, marks=pytest.mark.soak)],
)
def test_every_campaign_ends_at_exactly_its_total(
    systems: Systems, totals: tuple[int, ...], times: int, partitions: int, kills: int
) -> None:
    """Given two workers, campaigns, demand of several times their totals, refusals, silence, when workers are killed
    at random, then each ends at its total, by count at the push service, and no message is left without an end."""
    system, campaigns, dice = (
        systems.make(partitions=partitions, clock="wall"),
        limited(totals),
        random.Random(3),
    )
    files = [system.write(f"{each.id}.yaml", each.file) for each in campaigns]
    system.set_up(files, SCRIPT)
    system.start_workers(2)
    backlog = strike(system, list(demand(campaigns, times, seed=1)), kills, dice)
    until(lambda: have_ended(system, campaigns), 120, "every campaign has ended", 1.0)
    system.settle()
    found = judge(system, campaigns)
    note(f"limits: {len(backlog)} kills, backlog {backlog}; {found.told()}")
    assert found.is_exact, found
    assert sum(backlog) > 0, "no kill found anything under way"
    assert min(found.struck[kind] for kind in ("gone", "wrong", "mute", "busy")) > 0
