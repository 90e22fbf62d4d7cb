"""What a partition counts of itself: plain numbers that its turns write, and that whoever asks reads.

A turn pays for four observations, an event for none.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from app.turns.ports import Refused, Unstored
from app.turns.timers import Timers

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
RECORDS = (0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0)
LATE_SECONDS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 300.0, 3600.0)


class Histogram:
    """How many values fell between its bounds, the last count being of what is beyond; and their sum."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Figures:
    """The counts of one partition since this process was given it.

    `answers`: of calls. `refused`: somebody else was found to own it. `failures`: openings lost since a record was
    last decided. `unstored`: the last was lost to the disk. `asked_s`: since when an append is unanswered.
    `begun_s`: when the last turn began.
    """

    __slots__ = (
        "answers",
        "append_seconds",
        "asked_s",
        "begun_s",
        "failures",
        "late_seconds",
        "opening_seconds",
        "openings",
        "refused",
        "relay_seconds",
        "turn_pairs",
        "turn_records",
        "turn_seconds",
        "unstored",
    )

    def __init__(self) -> None:
        self.turn_records = Histogram(RECORDS)
        self.turn_seconds = Histogram(SECONDS)
        self.append_seconds = Histogram(SECONDS)
        self.relay_seconds = Histogram(SECONDS)
        self.late_seconds = Histogram(LATE_SECONDS)
        self.openings = 0
        self.opening_seconds = 0.0
        self.answers = 0
        self.refused = 0
        self.failures = 0
        self.unstored = False
        self.asked_s: float | None = None
        self.begun_s = 0.0
        self.turn_pairs = 1

    def appended(self, at_s: float, append_s: float, records: int, pairs: int) -> None:
        """A turn is in the journal: since when, how long that took, records that it took, pairs that it wrote."""
        self.asked_s = None
        self.turn_pairs = pairs
        turn_s = at_s - self.begun_s
        for histogram, value in (
            (self.turn_seconds, turn_s),
            (self.append_seconds, append_s),
            (self.turn_records, records),
        ):
            histogram.counts[bisect_left(histogram.bounds, value)] += 1
            histogram.total += value
        if records:
            self.failures = 0

    def ripe(self, now_ms: int, timers: Timers) -> None:
        """Timers due at or before this are to fire: how late the first of them is."""
        if (due_ms := timers.peek()) is not None and due_ms <= now_ms:
            self.late_seconds.observe((now_ms - due_ms) / 1000)

    def opened(self, seconds: float) -> None:
        """The partition is open; it took so long."""
        self.openings += 1
        self.opening_seconds = seconds

    def lost(self, why: Exception) -> None:
        """The partition has to be opened again."""
        self.asked_s = None
        self.unstored = isinstance(why, Unstored)
        self.refused += isinstance(why, Refused)
        self.failures += not self.unstored
