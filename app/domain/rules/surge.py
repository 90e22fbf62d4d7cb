"""When a campaign surges (C161): the hour's count against the same hour of the days before. Hours are UTC's."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from app.domain.model.alert import Surged
from app.domain.model.surge import Hour, Past, SurgeRule

HOUR_MS = 3_600_000
DAY_MS = 86_400_000
DAYS = 7
KEPT_MS = (DAYS + 1) * DAY_MS

WasLive = Callable[[int, int], bool]
"""Was the campaign live the whole time from one instant to another?"""


def hour_of(time_ms: int) -> int:
    """The first instant of the hour."""
    return time_ms - time_ms % HOUR_MS


def note(hour: Hour, past: Past, starts_ms: int, count: int) -> bool:
    """So many more qualified in this hour. True where the past has changed."""
    if starts_ms < hour.starts_ms - KEPT_MS:
        return False
    if starts_ms < hour.starts_ms:
        past.counts[starts_ms] = past.counts.get(starts_ms, 0) + count
        return True
    is_next = starts_ms > hour.starts_ms
    if is_next:
        _turn_over(hour, past, starts_ms)
    hour.count += count
    return is_next


def _turn_over(hour: Hour, past: Past, starts_ms: int) -> None:
    if hour.starts_ms:
        past.counts[hour.starts_ms] = past.counts.get(hour.starts_ms, 0) + hour.count
    past.since_ms = past.since_ms or starts_ms
    past.counts = {ms: count for ms, count in past.counts.items() if ms >= starts_ms - KEPT_MS}
    hour.starts_ms, hour.count, hour.set_aside = starts_ms, 0, 0


def usual(past: Past, starts_ms: int, was_live: WasLive) -> tuple[float, int] | None:
    """The mean of this hour over those of the last days that it was counted and live in, and over how many."""
    days = [starts_ms - day * DAY_MS for day in range(1, DAYS + 1)]
    known = [ms for ms in days if 0 < past.since_ms < ms and was_live(ms, ms + HOUR_MS)]
    if not known:
        return None
    return sum(past.counts.get(ms, 0) for ms in known) / len(known), len(known)


def surged(rule: SurgeRule, hour: Hour, past: Past, was_live: WasLive) -> Surged | None:
    """Is it far more than usual? Where nobody knows what is usual, nothing is."""
    count = hour.count - hour.set_aside
    if count < rule.at_least:
        return None
    known = (float(rule.expected), 0) if rule.expected is not None else usual(past, hour.starts_ms, was_live)
    if known is None or count <= rule.times * known[0]:
        return None
    return Surged(hour.starts_ms, hour.count, known[0], rule.times, known[1])


def live_throughout(spans: Iterable[tuple[int, bool]]) -> WasLive:
    """From when on it was live, and when not, oldest first."""
    ordered = list(spans)

    def was_live(from_ms: int, until_ms: int) -> bool:
        state = False
        for since_ms, is_live in ordered:
            if since_ms <= from_ms:
                state = is_live
            elif since_ms < until_ms and not is_live:
                return False
        return state

    return was_live
