"""Back-off: bounds, wishes and ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.model.reason import Reason
from app.domain.rules.backoff import PATIENCE, GiveUp, Patience, RetryAt, next_attempt

NOW_MS = 1_795_600_000_000


@given(st.text(), st.integers(1, 5))
def test_given_any_attempt_then_the_wait_is_within_its_bounds_and_always_the_same(
    key: str, made: int
) -> None:
    first = next_attempt(key=key, attempts_made=made, now_ms=NOW_MS)
    assert first == next_attempt(key=key, attempts_made=made, now_ms=NOW_MS)
    assert isinstance(first, RetryAt)
    assert 10_000 <= first.due_ms - NOW_MS <= min(900_000, 10_000 * 2**made)


@given(st.text(), st.integers(1, 5), st.integers(0, 10**7))
def test_given_a_wish_of_the_service_then_it_is_never_undercut(key: str, made: int, after_ms: int) -> None:
    match next_attempt(key=key, attempts_made=made, now_ms=NOW_MS, after_ms=after_ms):
        case RetryAt(due_ms):
            assert due_ms >= NOW_MS + after_ms
        case GiveUp():
            pytest.fail("there were attempts left")


@given(st.text(), st.integers(1, 5), st.integers(0, 10**6))
def test_given_a_time_to_live_then_nothing_is_due_at_its_end_or_later(
    key: str, made: int, ttl_ms: int
) -> None:
    match next_attempt(key=key, attempts_made=made, now_ms=NOW_MS, expires_ms=NOW_MS + ttl_ms):
        case RetryAt(due_ms):
            assert due_ms < NOW_MS + ttl_ms
        case GiveUp(reason):
            assert reason is Reason.EXPIRED


def test_given_the_last_attempt_then_it_gives_up() -> None:
    for made in (PATIENCE.attempts, PATIENCE.attempts + 1):
        assert next_attempt(key="m", attempts_made=made, now_ms=0) == GiveUp(Reason.RETRIES_EXHAUSTED)


def test_given_a_quick_patience_then_the_waits_are_quick() -> None:
    quick = Patience(base_ms=10, longest_ms=50, attempts=100)
    for made in range(1, 100):
        match next_attempt(key="m", attempts_made=made, now_ms=0, patience=quick):
            case RetryAt(due_ms):
                assert 10 <= due_ms <= 50
            case GiveUp():
                pytest.fail("there were attempts left")


def test_given_many_messages_then_their_waits_spread_over_the_whole_range() -> None:
    dues = sorted(
        outcome.due_ms
        for n in range(1000)
        if isinstance(outcome := next_attempt(key=f"m{n}", attempts_made=3, now_ms=0), RetryAt)
    )
    assert dues[0] < 11_500
    assert dues[-1] > 78_500
    assert 41_000 < dues[500] < 49_000


def test_given_no_attempt_was_made_then_it_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="counts from 1"):
        next_attempt(key="m", attempts_made=0, now_ms=0)
