"""A partition that is given too much (C24): it is paused and goes on, holds a bounded part of it, and others go on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Cap, When
from app.turns import queue
from app.turns.queue import QUEUED_BYTES, REACH_BYTES
from tests.app.turns.memory import SetClock
from tests.chaos.desk import POLL_BYTES, TOPICS, Desk
from tests.chaos.test_downtime import START_MS, device, event
from tests.domain.makers import a_campaign
from tests.integration.notes import note

LARGE = 31_000
FLOOD = 1_200
QUIET = 60
HOT_IN = 5
RULES = AppRules(caps=(Cap(3),), stream_clock=True)

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(180)]


def desk(data: Path) -> Desk:
    """A partition with one campaign."""
    return Desk(data, [a_campaign(id="help", when=When("error"))], RULES, clock=SetClock(START_MS))


def flood(one: Desk, count: int, record_bytes: int) -> None:
    """Events of many users, a fifth of them of one; all stand in the log at once."""
    one.feed([device("hot")])
    for number in range(count):
        user = "hot" if number % HOT_IN == 0 else f"u{number}"
        said = event(user, "error", START_MS + number) | {"messageId": f"e{number}"}
        padding = record_bytes - len(json.dumps(said)) - 40
        one.feed([said | {"properties": {"text": "x" * max(0, padding)}}])


class Crowd:
    """A hot partition and a quiet one in one process: how far the hot one was when the quiet one was through."""

    def __init__(self, hot: Desk, quiet: Desk, decided_by_hot: int) -> None:
        self.hot = hot
        self.quiet = quiet
        self.decided_by_hot = decided_by_hot

    def wrongs(self) -> list[str]:
        """What is not as it had to be; in words."""
        bound = QUEUED_BYTES + REACH_BYTES + 2 * (POLL_BYTES + LARGE + 1000 * queue.RECORD_BYTES)
        found = []
        if self.hot.most_queued_bytes > bound:
            found.append(f"{self.hot.most_queued_bytes} bytes wait")
        if not 0 < self.hot.resumes <= self.hot.pauses:
            found.append(f"paused {self.hot.pauses} times, resumed {self.hot.resumes} times")
        if self.decided_by_hot >= FLOOD:
            found.append("the quiet partition waited for the hot one")
        if len(self.quiet.ids("qualified")) != QUIET:
            found.append("the quiet partition is not through")
        return found


async def crowd(folder: Path) -> Crowd:
    """Flood one partition, then give the other a little, and let both end."""
    hot, quiet = desk(folder / "hot"), desk(folder / "quiet")
    flood(hot, FLOOD, LARGE)
    await hot.until(lambda: hot.pauses > 0)
    quiet.feed([event(f"q{n}", "error", START_MS) | {"messageId": f"q{n}"} for n in range(QUIET)])
    await quiet.decided()
    decided_by_hot = hot.partition.next_offset(TOPICS.events)
    await hot.decided()
    return Crowd(hot, quiet, decided_by_hot)


async def test_a_hot_partition_is_paused_and_the_others_go_on(tmp_path: Path) -> None:
    """Given 37 MB of large events for one partition, then a few MB of it wait, and another partition is not kept."""
    found = await crowd(tmp_path)
    note(
        f"hot partition: {FLOOD} events of {LARGE} bytes: {found.hot.most_queued_bytes:,} bytes waiting at most, "
        f"{found.hot.pauses} pauses, {found.hot.resumes} resumes; {found.decided_by_hot} decided when the other ended"
    )
    assert found.wrongs() == []
    await found.hot.close()
    await found.quiet.close()


async def test_a_build_that_pauses_nobody_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a build without the bound by bytes, then the same check sees what waits."""
    monkeypatch.setattr(queue, "QUEUED_BYTES", 1 << 60)
    monkeypatch.setattr(queue, "REACH_BYTES", 1 << 60)
    hot = desk(tmp_path)
    flood(hot, FLOOD, LARGE)
    await hot.decided()
    assert Crowd(hot, hot, 0).wrongs() != []
    assert hot.most_queued_bytes > 3 * (QUEUED_BYTES + REACH_BYTES)
    await hot.close()


async def test_a_hot_user_costs_as_many_bytes_an_event_as_anybody(tmp_path: Path) -> None:
    """Given a user with a fifth of all events, then what the journal takes for an event does not grow with them."""
    sizes, states = [], []
    for count in (1_000, 4_000):
        one = desk(tmp_path / str(count))
        flood(one, count, 0)
        await one.decided()
        sizes.append(sum(one.turn_sizes()) / count)
        states.append(max(len(value) for value in one.journaled().values()))
        await one.close()
    note(
        f"hot user: journal bytes an event at 1,000 and 4,000 events: {sizes[0]:.0f}, {sizes[1]:.0f}; state {states}"
    )
    assert sizes[1] < 1.5 * sizes[0]
    assert max(states) < 4_096
