"""An old owner against a new one's opening, at every point of it and in races (C32)."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator

import pytest

from tests.chaos.fencing import POINTS, Unopened, append_at_every_point, append_in_races
from tests.integration.kafka import Kafka
from tests.integration.notes import note
from tests.integration.tiny import Place

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(120)]

RACES = 9


@pytest.fixture
async def place(broker: str) -> AsyncIterator[Place]:
    """A journal."""
    made = Place(Kafka(broker), f"fence{secrets.token_hex(4)}")
    await made.begin()
    yield made
    made.kafka.delete(made.journal, made.topics.decisions)


async def test_what_an_old_owner_appends_is_restored_before_opened_and_refused_after(place: Place) -> None:
    """Given an old owner that appends at each point of an opening, then `opened` says which of them count."""
    tried = await append_at_every_point(place, 3 * len(POINTS))
    note(f"appends at every point of an opening: {dict(tried.ends)}")
    assert tried.wrong == []
    assert sum(tried.ends.values()) == 3 * len(POINTS) * 3


async def test_an_old_owner_that_never_stops_appending_loses_nothing_and_is_refused(place: Place) -> None:
    """Given an old owner that appends without a pause, when others open, then what was accepted is restored."""
    tried = await append_in_races(place, RACES, seed=4)
    note(f"appends in races with openings: {dict(tried.ends)}")
    assert tried.wrong == []
    assert tried.ends["in a race: accepted"] > RACES


async def test_a_build_without_the_record_opened_is_found_out(place: Place) -> None:
    """Given a build that opens without a word in the journal, the same check finds appends that are lost."""
    tried = await append_at_every_point(place, len(POINTS), Unopened)
    note(f"broken build no opened: {len(tried.wrong)} wrong")
    assert any("is not in the restored state" in each for each in tried.wrong)
