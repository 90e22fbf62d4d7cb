"""The made-up clickstream: the same every time, and what Carillon reads as events."""

from __future__ import annotations

from collections import Counter

from app import wire
from app.domain.model.event import Event
from benchmarks.clickstream import BUSIEST, WEIGHTS, Clickstream, Sent
from tests.app.turns.memory import MemoryRecord

START_MS = 1_780_300_800_000
COUNT = 5_000


def some_events(users: int = 1_000, seed: int = 1) -> list[Sent]:
    return list(Clickstream(users, START_MS, 144.0, seed).events(COUNT))


def read(events: list[Sent]) -> list[Event]:
    reader = wire.EventReader()
    records = [
        MemoryRecord("events", 0, n, START_MS, each.user.encode(), each.value)
        for n, each in enumerate(events)
    ]
    return [event for record in records if isinstance(event := reader.read(record, None), Event)]


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert some_events() == some_events()


def test_another_seed_gives_other_events() -> None:
    assert some_events() != some_events(seed=2)


def test_every_event_can_be_read_and_names_a_device() -> None:
    events = read(some_events())
    assert len(events) == COUNT
    assert all(event.said.device is not None and event.said.device.token for event in events)
    assert len({event.message_id for event in events}) == COUNT


def test_events_are_as_long_as_real_ones() -> None:
    sizes = [len(each.value) for each in some_events()]
    assert min(sizes) >= 350
    assert max(sizes) <= 450


def test_time_goes_on_evenly_from_the_start() -> None:
    events = read(some_events())
    assert events[0].time_ms == START_MS
    assert [event.time_ms for event in events] == [START_MS + 144 * number for number in range(COUNT)]


def test_a_user_is_introduced_once_and_first() -> None:
    seen: Counter[str] = Counter()
    for event in read(some_events()):
        assert (event.traits is not None) == (seen[event.user] == 0)
        seen[event.user] += 1


def test_the_busiest_event_has_its_share() -> None:
    names = Counter(event.name for event in read(some_events()) if event.name)
    share = names[BUSIEST] / names.total()
    assert names.keys() == WEIGHTS.keys()
    assert abs(share - WEIGHTS[BUSIEST] / 100) < 0.03
