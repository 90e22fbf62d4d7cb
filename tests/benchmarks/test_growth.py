"""The growth benchmark: users that are there already, and points that measure what they are named for."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import growth
from benchmarks.campaigns import COUNT, campaigns
from benchmarks.growth import Case, Cost, cases, median, picture, run
from benchmarks.live import live_value_bytes
from benchmarks.one_partition import TOPICS, Event, InForce, OnePartition
from benchmarks.population import Residents, fill, in_order
from tables.store import Folders
from tables.users import ACTIVITY, PROFILE

START_MS = 1_780_300_800_000


@pytest.mark.parametrize("count", [0, 1, 2, 9, 10, 11, 99, 100, 101, 12_345])
def test_users_are_written_in_the_order_of_their_keys(count: int) -> None:
    assert [str(number) for number in in_order(count)] == sorted(map(str, range(count)))


def decided(tmp_path: Path, events: int) -> OnePartition:
    """A partition of 50 residents that has decided so many of their events."""
    store = Folders(tmp_path).open("users", 0)
    fill([store], 50)
    partition = OnePartition(store, InForce(campaigns()))
    sent = Residents(50, START_MS, 20.0).events(events)
    partition.take(
        [
            Event(TOPICS.events, 0, (1 << 21) + number, START_MS, each.user.encode(), each.value)
            for number, each in enumerate(sent)
        ],
        100,
    )
    return partition


def test_residents_are_known_but_for_what_their_events_change(tmp_path: Path) -> None:
    """Given stored residents, when their events are decided, then activity changes and no profile does."""
    before_store = Folders(tmp_path / "before").open("users", 0)
    fill([before_store], 50)
    partition = decided(tmp_path / "after", 400)
    keys = [b"u-%d" % index for index in range(50)]
    profiles = [partition.store.get(PROFILE.prefix + key) for key in keys]
    assert profiles == [before_store.get(PROFILE.prefix + key) for key in keys]
    assert [partition.store.get(ACTIVITY.prefix + key) for key in keys] != [
        before_store.get(ACTIVITY.prefix + key) for key in keys
    ]
    partition.store.close()
    before_store.close()


def test_a_partition_decides_for_real(tmp_path: Path) -> None:
    """Given a few thousand events, then messages are sent, the journal grows and timers wait."""
    partition = decided(tmp_path, 3_000)
    assert partition.messages > 100
    assert partition.journal_records > 1_000
    assert partition.live_values > 50
    partition.store.close()


def test_a_point_counts_what_follows_the_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "WARM_UP", 500)
    cost = run(Case("partitions", 2, users=200, partitions=2, turn=50), 1_000)
    assert 900 <= cost.events <= 1_000
    assert cost.cpu_seconds > 0
    assert cost.state_bytes > 300
    assert cost.disk_bytes > 0


def test_every_series_varies_one_thing() -> None:
    """Given the points, then within a series all but its own number is the same."""
    places = {"users": 2, "state": 3, "campaigns": 4, "partitions": 5, "turn": 6}
    for series, place in places.items():
        points = [tuple(case) for case in cases(10_000_000) if case.series == series]
        assert len(points) >= 4
        assert len({point[2:place] + point[place + 1 :] for point in points}) == 1
    assert max(case.users for case in cases(1_000_000)) == 1_000_000


def test_ten_thousand_campaigns_have_names_of_their_own() -> None:
    documents = campaigns(10_000)
    assert len({each["campaign"] for each in documents}) == 10_000
    assert documents[:COUNT] == campaigns()


def test_the_middle_of_three_counts() -> None:
    runs = [Cost(100, 1.0, seconds, 1.0, 1.0, 1.0, 1.0) for seconds in (3.0, 1.0, 2.0)]
    assert median(runs).cpu_seconds == 2.0


def test_a_series_is_drawn() -> None:
    assert picture("users", [(10_000, 37_880.0), (100_000, 27_330.0)]).count("<circle") == 2


def test_a_live_value_takes_some_hundred_bytes(tmp_path: Path) -> None:
    """Given a filled cache, then a value's share of memory is in the order of its size."""
    size, count = live_value_bytes(500, 2_000, tmp_path)
    assert count > 500
    assert 300 < size < 10_000
