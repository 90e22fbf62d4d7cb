"""A backtest says when pushes would leave under the app's throttle (C049, C150)."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.model.app_rules import Throttle
from app.replay.throttled import throttled

QUARTER_MS = 900_000
NOON_MS = 1_795_435_200_000


def test_half_a_million_at_once_take_five_quarters() -> None:
    found = throttled([NOON_MS] * 500_000, Throttle(100_000, QUARTER_MS))
    assert found.peak == 100_000
    assert 4 * QUARTER_MS < found.longest_wait_ms < 5 * QUARTER_MS


def test_what_is_below_the_throttle_leaves_at_once() -> None:
    """Given pushes a minute apart and room for more, then nobody waits."""
    cleared = [NOON_MS + 5_000 + number * 60_000 for number in range(30)]
    assert throttled(cleared, Throttle(1_000, QUARTER_MS)).leaves_ms == cleared


def test_nothing_is_no_trouble() -> None:
    assert throttled([], Throttle(1, 1_000)) == ([], 0, 0)


@given(st.lists(st.integers(0, 40_000), min_size=1, max_size=80), st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_order_and_cap_hold(offsets: list[int], most: int) -> None:
    cleared = sorted(NOON_MS + offset for offset in offsets)
    found = throttled(cleared, Throttle(most, 4_000))
    assert found.peak <= most
    assert all(before <= after for before, after in pairwise(found.leaves_ms))
    assert all(left >= ready for left, ready in zip(found.leaves_ms, cleared, strict=True))
