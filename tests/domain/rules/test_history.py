"""C012: counters of the past against the plain list of times, in any order."""

from __future__ import annotations

import random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.model.history import Counter
from app.domain.rules.history import DAY_MS, EXACT, LONGEST_MS, REACHES, add, merge, reach_days, within

NOW_MS = 20_400 * DAY_MS + 43_210_000
TIMES = st.lists(st.integers(0, 45 * DAY_MS).map(lambda back: NOW_MS - back), max_size=90)
WITHIN = st.integers(1, 31 * DAY_MS)


def counted(times: list[int], reach: int = 31) -> Counter:
    counter = Counter()
    for time_ms in times:
        add(counter, time_ms, reach)
    return counter


@given(TIMES, WITHIN)
@settings(max_examples=300, deadline=None)
def test_a_count_below_the_exact_ones_is_exact_and_a_higher_one_is_off_by_its_first_day(
    times: list[int], within_ms: int
) -> None:
    from_ms = NOW_MS - within_ms
    true = sum(from_ms <= each <= NOW_MS for each in times)
    on_first_day = sum(each // DAY_MS == from_ms // DAY_MS and each < from_ms for each in times)
    found = within(counted(times), from_ms, NOW_MS)
    if true < EXACT:
        assert found == true
    else:
        assert true <= found <= true + on_first_day


@given(TIMES, st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_the_order_of_events_leaves_no_trace(times: list[int], dice: random.Random) -> None:
    shuffled = list(times)
    dice.shuffle(shuffled)
    assert counted(shuffled) == counted(times)
    counter = counted(times)
    assert counter.total == len(times)
    if times:
        assert (counter.first_ms, counter.last_ms) == (min(times), max(times))


@given(TIMES, TIMES)
@settings(max_examples=150, deadline=None)
def test_two_counters_merge_into_that_of_all_events(one: list[int], other: list[int]) -> None:
    both = counted(one)
    merge(both, counted(other), 31)
    assert both == counted([*one, *other])


@given(st.integers(1, LONGEST_MS))
def test_a_reach_holds_its_window_and_is_one_of_few(within_ms: int) -> None:
    assert reach_days(within_ms) * DAY_MS >= within_ms
    assert reach_days(within_ms) in REACHES


def test_without_a_window_neither_times_nor_days_are_kept() -> None:
    counter = counted([NOW_MS - each for each in range(1000)], reach=0)
    assert (counter.total, counter.recent, counter.days) == (1000, [], {})
    assert len(msgspec.msgpack.encode(counter)) < 40


def test_a_counter_of_two_busy_years_stays_small() -> None:
    """Given five events a day for two years, then the longest window takes less than 5 KB."""
    counter = counted([NOW_MS - each * DAY_MS // 5 for each in range(5 * 730)], reach=731)
    assert len(counter.recent) == EXACT
    assert len(counter.days) <= 731
    assert len(msgspec.msgpack.encode(counter)) < 5000
