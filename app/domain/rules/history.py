"""Counting what a user did: the total and the first and last time exactly, windows from times and days.

A counter is a function of the times that were added, whatever their order: the latest `EXACT` of them as they are, all
earlier ones as a number for each day (UTC), as far back as anybody may ask. So "at least n within d days" is exact for
every n up to `EXACT`; above, the day in which the window begins counts whole.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort

from app.domain.model.history import Counter

EXACT = 32
DAY_MS = 86_400_000
REACHES = (7, 31, 92, 366, 731)
"""How many days back a counter with windows can be kept; the window asked for is rounded up to one of these."""
LONGEST_MS = 730 * DAY_MS
_SLACK_DAYS = 2  # a device's clock may be a day ahead, and a window begins within a day


def reach_days(within_ms: int | None) -> int:
    """How far back a counter must reach for this window; 0: no window is asked for."""
    if within_ms is None:
        return 0
    return next((days for days in REACHES if within_ms <= days * DAY_MS), REACHES[-1])


def add(counter: Counter, time_ms: int, reach: int) -> None:
    """It happened at this time."""
    if counter.total == 0:
        counter.first_ms = counter.last_ms = time_ms
    else:
        counter.first_ms = min(counter.first_ms, time_ms)
        counter.last_ms = max(counter.last_ms, time_ms)
    counter.total += 1
    if reach:
        insort(counter.recent, time_ms)
        _settle(counter, reach)


def merge(counter: Counter, other: Counter, reach: int) -> None:
    """Add everything that another counter of the same kind has seen."""
    if other.total == 0:
        return
    if counter.total == 0:
        counter.first_ms, counter.last_ms = other.first_ms, other.last_ms
    counter.first_ms = min(counter.first_ms, other.first_ms)
    counter.last_ms = max(counter.last_ms, other.last_ms)
    counter.total += other.total
    counter.recent = sorted([*counter.recent, *other.recent])
    for day, number in other.days.items():
        counter.days[day] = counter.days.get(day, 0) + number
    _settle(counter, reach)


def within(counter: Counter, from_ms: int, to_ms: int) -> int:
    """How often in [from, to]."""
    recent = counter.recent
    number = bisect_right(recent, to_ms) - bisect_left(recent, from_ms)
    if counter.days and recent[0] > from_ms:
        first, last = from_ms // DAY_MS, to_ms // DAY_MS
        number += sum(count for day, count in counter.days.items() if first <= day <= last)
    return number


def _settle(counter: Counter, reach: int) -> None:
    """Earlier times become days; days that no window reaches go."""
    recent, days = counter.recent, counter.days
    surplus = len(recent) - EXACT
    for time_ms in recent[: max(surplus, 0)]:
        day = time_ms // DAY_MS
        days[day] = days.get(day, 0) + 1
    if surplus > 0:
        del recent[:surplus]
    if days:
        oldest = counter.last_ms // DAY_MS - reach - _SLACK_DAYS
        for day in [day for day in days if day < oldest]:
            del days[day]
