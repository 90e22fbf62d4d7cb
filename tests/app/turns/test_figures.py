"""What a partition counts of itself."""

from __future__ import annotations

from app.turns.figures import RECORDS, Figures, Histogram
from app.turns.ports import Refused, Unanswered, Unstored
from app.turns.timers import Timers
from tests.app.turns.memory import MemoryStore


def test_a_value_is_counted_by_its_bits() -> None:
    """Given whole units, then 0 alone, 1 alone, 2 and 3, 4 to 7, and so on; the sum is exact."""
    histogram = Histogram(RECORDS)
    for value in (0, 1, 2, 3, 4, 7, 4000):
        histogram.observe(value)
    assert histogram.counts[:4] == [1, 1, 2, 2]
    assert histogram.counts[12] == 1
    assert histogram.total == 4017


def test_a_turn_tells_its_times_and_ends_what_was_asked() -> None:
    figures = Figures()
    figures.begun_s, figures.asked_s = 10.0, 10.25
    figures.appended(10.5, 0.25, records=7, pairs=20)
    totals = (figures.turn_seconds.total, figures.append_seconds.total, figures.turn_records.total)
    assert totals == (500_000, 250_000, 7)
    assert figures.asked_s is None


def test_failures_count_until_a_record_is_decided_and_a_full_disk_is_none() -> None:
    figures = Figures()
    for why in (Refused("r"), Unanswered("u"), Unstored("s")):
        figures.lost(why)
    assert (figures.failures, figures.refused, figures.unstored) == (2, 1, True)
    figures.appended(0.0, 0.0, records=0, pairs=1)
    assert figures.failures == 2
    figures.appended(0.0, 0.0, records=1, pairs=1)
    assert figures.failures == 0


def test_lateness_is_of_the_first_timer_that_is_due() -> None:
    figures, timers = Figures(), Timers(MemoryStore())
    timers.add(1_000, b"a")
    timers.add(1_900, b"b")
    figures.ripe(2_500, timers)
    figures.ripe(900, timers)
    assert (sum(figures.late_seconds.counts), figures.late_seconds.total) == (1, 1_500_000)
