"""How current the catalog is when something is decided, and what a decision may be timed at."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from tables.catalog import IN_FORCE_MS, NEVER_MS, CatalogReader
from tests.app.turns.memory import SetClock

MARGIN_MS = IN_FORCE_MS // 2


class Asker:
    """Says that the topic is empty, each time after so long; an error where a number is negative."""

    def __init__(self, clock: SetClock, took_ms: list[int]) -> None:
        self._clock = clock
        self.took_ms = took_ms

    async def end_offsets(self, places: list[Any]) -> dict[Any, int]:
        took_ms = self.took_ms.pop(0)
        self._clock.at_ms += abs(took_ms)
        if took_ms < 0:
            raise KafkaConnectionError
        return dict.fromkeys(places, 0)


def a_reader(*took_ms: int, stream_clock: bool = False) -> tuple[CatalogReader, SetClock, Asker]:
    clock = SetClock()
    reader = CatalogReader("", "campaigns", clock, stream_clock=stream_clock)
    reader._asker = asker = Asker(clock, list(took_ms))
    return reader, clock, asker


async def test_what_was_read_just_now_is_not_read_again() -> None:
    """Given a reading of a second ago, then it is relied on; of more, then the topic is read first."""
    reader, clock, asker = a_reader(5, 5)
    await reader.refresh()
    read_ms = reader.read_ms
    clock.at_ms = read_ms + MARGIN_MS
    assert await reader.until_current() == read_ms + MARGIN_MS == clock.now_ms()
    clock.at_ms += 1
    assert await reader.until_current() == read_ms + 2 * MARGIN_MS + 1
    assert not asker.took_ms


async def test_over_a_slow_link_decisions_are_timed_by_what_is_known() -> None:
    """Given a topic that takes 4 s to read, then it is read once, and nothing is timed later than what was read."""
    reader, clock, asker = a_reader(4_000, 4_000)
    asked_ms = clock.now_ms()
    assert await reader.until_current() == asked_ms + MARGIN_MS
    assert (clock.now_ms(), len(asker.took_ms)) == (asked_ms + 4_000, 1)


async def test_what_took_too_long_to_read_is_read_again(caplog: pytest.LogCaptureFixture) -> None:
    """Given one reading of 12 s and an error, then neither is relied on, both are said, and the next one counts."""
    reader, clock, _ = a_reader(12_000, -10, 20)
    asked_ms = clock.now_ms()
    with caplog.at_level(logging.WARNING):
        assert await reader.until_current() == asked_ms + 12_010 + MARGIN_MS
    assert [word in caplog.text for word in ("took 12 s", "cannot be read")] == [True, True]


async def test_under_a_stream_clock_each_turn_reads_and_time_is_the_logs() -> None:
    reader, _, asker = a_reader(4_000, 12_000, stream_clock=True)
    assert [await reader.until_current(), await reader.until_current()] == [NEVER_MS, NEVER_MS]
    assert not asker.took_ms
