"""The surge breaker (C161): what a campaign says of it, and what the coordinator counts."""

from __future__ import annotations

from msgspec import Struct, field


class SurgeRule(Struct, frozen=True):
    """Over `times` the usual number in an hour, and at least `at_least`, the campaign pauses itself.

    `expected`: the usual number, where the campaign says it; else the mean of that hour in the last days.
    """

    times: float = 5.0
    at_least: int = 100
    expected: int | None = None


class Hour(Struct, array_like=True, gc=False):
    """How many qualified in the latest hour. `set_aside`: of those, before it was last resumed.

    `tripped_ms`: when it last tripped, until it is resumed; 0: it has not. `said_ms`: when that was last written.
    `trips`: how often, ever. `look_ms`: when to look whether what was written holds.
    """

    starts_ms: int = 0
    count: int = 0
    set_aside: int = 0
    tripped_ms: int = 0
    said_ms: int = 0
    trips: int = 0
    look_ms: int = 0


class Past(Struct, array_like=True, gc=False):
    """How many qualified in the hours before. `since_ms`: the first hour that was ever counted, perhaps not whole."""

    since_ms: int = 0
    counts: dict[int, int] = field(default_factory=dict)


class Qualified(Struct, frozen=True, tag="qualified", gc=False):
    """The tally to the coordinator: so many more qualified, by the hour of their decisions."""

    campaign: str
    hours: dict[int, int]
