"""Partitions that are given and taken while they are restored (C10)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.restoring import boasting, move_often
from tests.integration.kafka import Kafka
from tests.integration.notes import note
from tests.integration.tiny import Place

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(180)]

MOVES = 10
RECORDS = 1_000


@pytest.fixture
def place(broker: str) -> Iterator[Place]:
    """A journal."""
    made = Place(Kafka(broker), f"move{secrets.token_hex(4)}")
    yield made
    made.kafka.delete(made.journal, made.topics.decisions)


async def test_a_restore_that_is_cut_short_again_and_again_ends_in_the_right_state(
    place: Place, tmp_path: Path
) -> None:
    """Given a partition taken away in mid-restore ten times, when it may stay, then it has all, and goes on."""
    moved = await move_often(place, tmp_path, MOVES, RECORDS, seed=5)
    note(f"moved in mid-restore: {moved.times} times, at journal offsets {moved.reached}")
    assert moved.times == MOVES
    assert moved.violations == []


async def test_a_build_that_takes_a_restore_that_was_cut_short_for_whole_is_found_out(
    place: Place, tmp_path: Path
) -> None:
    """Given a build that writes down the end before it is there, the same check finds what its folder lacks."""
    with boasting():
        moved = await move_often(place, tmp_path, 2, RECORDS, seed=5)
    note(f"broken build boasting: {len(moved.violations)} violations")
    assert moved.violations
