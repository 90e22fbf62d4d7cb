"""When a campaign surges (C161): the rule against a plain count over a whole history, with a given clock."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.model.surge import Hour, Past, SurgeRule
from app.domain.rules.surge import DAY_MS, HOUR_MS, hour_of, live_throughout, note, surged, usual

NOON_MS = hour_of(1_790_000_000_000)
RULE = SurgeRule()


def always(_from_ms: int, _until_ms: int) -> bool:
    return True


def counted(hours: dict[int, int], seed: int = 0) -> tuple[Hour, Past]:
    """These hours as reports in parts, those of one hour in any order among the latest two."""
    dice, hour, past = random.Random(seed), Hour(), Past()
    late: list[tuple[int, int]] = []
    for starts_ms in sorted(hours):
        parts, left = [], hours[starts_ms]
        while left:
            parts.append(dice.randint(1, left))
            left -= parts[-1]
        parts = parts or [0]
        for part in parts[:1]:
            note(hour, past, starts_ms, part)
        for ms, part in late:
            note(hour, past, ms, part)
        late = [(starts_ms, part) for part in parts[1:]]
    for ms, part in late:
        note(hour, past, ms, part)
    return hour, past


HISTORIES = st.dictionaries(st.integers(-24 * 9, -1), st.integers(0, 400), min_size=0, max_size=60)


@given(HISTORIES, st.integers(0, 2500), st.integers(0, 99))
def test_it_trips_where_the_plain_count_says_so(history: dict[int, int], now: int, seed: int) -> None:
    """Given any history, told in parts and late, then it trips exactly where more than five times the mean of that
    hour over the days of the last week that were counted whole qualified, and at least 100."""
    hours = {NOON_MS + at * HOUR_MS: count for at, count in history.items()} | {NOON_MS: now}
    hour, past = counted(hours, seed)
    first_ms = min(hours)
    days = [NOON_MS - day * DAY_MS for day in range(1, 8)]
    known = [hours.get(ms, 0) for ms in days if ms > first_ms]
    found = surged(RULE, hour, past, always)
    assert (hour.starts_ms, hour.count) == (NOON_MS, now)
    assert (found is not None) == (bool(known) and now >= 100 and now * len(known) > 5 * sum(known))
    if found is not None:
        assert (found.qualified, found.days) == (now, len(known))
        assert found.usual == pytest.approx(sum(known) / len(known))


@pytest.mark.parametrize(("count", "trips"), [(99, False), (100, False), (500, False), (501, True)])
def test_the_borders(count: int, trips: bool) -> None:
    hour, past = counted({NOON_MS - 2 * DAY_MS: 1, NOON_MS - DAY_MS: 100, NOON_MS: count})
    assert (surged(RULE, hour, past, always) is not None) == trips


@pytest.mark.parametrize(("count", "trips"), [(99, False), (100, True)])
def test_where_nobody_ever_came_a_hundred_are_too_many(count: int, trips: bool) -> None:
    hour, past = counted({NOON_MS - 3 * DAY_MS: 7, NOON_MS: count})
    assert (surged(RULE, hour, past, always) is not None) == trips


def test_in_its_first_day_only_a_campaign_that_says_what_is_usual_pauses() -> None:
    hour, past = counted(
        {NOON_MS - DAY_MS: 3, NOON_MS: 100_000}
    )  # the hour of yesterday was perhaps not whole
    assert surged(RULE, hour, past, always) is None
    said = surged(SurgeRule(expected=200), hour, past, always)
    assert said is not None
    assert (said.usual, said.days) == (200.0, 0)
    assert surged(SurgeRule(expected=20_000), hour, past, always) is None


def test_other_hours_of_the_day_tell_nothing() -> None:
    hours = {NOON_MS - d * DAY_MS + HOUR_MS: 10_000 for d in range(1, 8)} | {NOON_MS - 8 * DAY_MS: 1}
    hour, past = counted(hours | {NOON_MS: 150})
    assert surged(RULE, hour, past, always) is not None


def test_hours_in_which_it_was_paused_are_no_usual_hours() -> None:
    """Given a campaign that was paused for three of four days, then that of the fourth day is the mean."""
    hours = (
        {NOON_MS - 5 * DAY_MS: 1} | {NOON_MS - d * DAY_MS: 0 for d in (1, 2, 3)} | {NOON_MS - 4 * DAY_MS: 80}
    )
    hour, past = counted(hours | {NOON_MS: 300})
    live = live_throughout(
        [(NOON_MS - 9 * DAY_MS, True), (NOON_MS - 3 * DAY_MS + 60_000, False), (NOON_MS - HOUR_MS, True)]
    )
    assert usual(past, NOON_MS, live) == (80.0, 1)
    assert surged(RULE, hour, past, live) is None
    assert surged(RULE, hour, past, always) is not None


def test_what_was_set_aside_when_it_was_resumed_does_not_count_again() -> None:
    hour, past = counted({NOON_MS - 2 * DAY_MS: 1, NOON_MS - DAY_MS: 50, NOON_MS: 300})
    assert surged(RULE, hour, past, always) is not None
    hour.set_aside = 300
    assert surged(RULE, hour, past, always) is None
    note(hour, past, NOON_MS, 250)
    assert surged(RULE, hour, past, always) is None
    note(hour, past, NOON_MS, 1)
    assert surged(RULE, hour, past, always) is not None
    note(hour, past, NOON_MS + HOUR_MS, 1)
    assert (hour.count, hour.set_aside) == (1, 0)


@given(
    st.lists(st.tuples(st.integers(0, 50), st.booleans()), max_size=8), st.integers(0, 50), st.integers(1, 10)
)
def test_live_throughout_is_live_at_every_instant(
    spans: list[tuple[int, bool]], start: int, length: int
) -> None:
    ordered = sorted(dict(spans).items())

    def at(ms: int) -> bool:
        return ([is_live for since_ms, is_live in ordered if since_ms <= ms] or [False])[-1]

    wanted = all(at(ms) for ms in range(start, start + length))
    assert live_throughout(ordered)(start, start + length) == wanted


@given(HISTORIES)
def test_the_past_does_not_grow_without_end(history: dict[int, int]) -> None:
    hours = {NOON_MS + at * HOUR_MS: count for at, count in history.items()} | {NOON_MS: 1}
    _, past = counted(hours)
    assert all(ms >= NOON_MS - 8 * DAY_MS for ms in past.counts)
    assert Counter(past.counts) == Counter(
        {ms: n for ms, n in hours.items() if ms < NOON_MS and ms >= NOON_MS - 8 * DAY_MS}
    )
