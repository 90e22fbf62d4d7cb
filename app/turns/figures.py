"""What a partition counts of itself: plain numbers that its turns write, and that whoever asks reads.

A turn pays for four observations, an event for none.
"""

from __future__ import annotations

from typing import NamedTuple

from app.turns.ports import Refused, Unstored
from app.turns.timers import Timers

BITS = 48
MICROS = 1e6


class Kind(NamedTuple):
    """In what a histogram counts: so many units are 1; its least and its greatest bound, as powers of two units."""

    units: float
    least: int
    greatest: int


SECONDS = Kind(MICROS, 10, 25)  # 1 ms to 34 s
LATE_SECONDS = Kind(MICROS, 13, 32)  # 8 ms to 72 min
RECORDS = Kind(1, 0, 12)


class Histogram:
    """How many values had so many bits, in whole units, and their sum: a value costs no search."""

    __slots__ = ("counts", "kind", "total")

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.counts = [0] * BITS
        self.total = 0

    def observe(self, units: int) -> None:
        """Count one value."""
        self.counts[units.bit_length()] += 1
        self.total += units


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
        turn_us, append_us = int((at_s - self.begun_s) * MICROS), int(append_s * MICROS)
        turns, appends, taken = self.turn_seconds, self.append_seconds, self.turn_records
        turns.counts[turn_us.bit_length()] += 1
        turns.total += turn_us
        appends.counts[append_us.bit_length()] += 1
        appends.total += append_us
        taken.counts[records.bit_length()] += 1
        taken.total += records
        if records:
            self.failures = 0

    def ripe(self, now_ms: int, timers: Timers) -> None:
        """Timers due at or before this are to fire: how late the first of them is."""
        if (due_ms := timers.peek()) is not None and due_ms <= now_ms:
            self.late_seconds.observe((now_ms - due_ms) * 1000)

    def relayed(self, seconds: float) -> None:
        """The messages of a turn have left."""
        self.relay_seconds.observe(int(seconds * MICROS))

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
