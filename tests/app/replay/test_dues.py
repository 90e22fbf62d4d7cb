"""Due times in memory: the earliest first, then by user; what is cancelled does not come."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from app.replay.dues import NEVER_MS, SLACK, Dues

CHANGES = st.lists(
    st.tuples(st.sampled_from("abc"), st.frozensets(st.integers(0, 9), max_size=3)), max_size=30
)


def emptied(dues: Dues) -> list[tuple[int, str]]:
    """Everything that is due, in its order."""
    found: list[tuple[int, str]] = []
    while (first := dues.first()) is not None:
        found.append(first)
        dues.forget(first[1], first[0])
    return found


@settings(max_examples=60)
@given(CHANGES)
def test_what_comes_is_what_was_put_last_of_each_user_in_order(
    changes: list[tuple[str, frozenset[int]]],
) -> None:
    dues, latest = Dues(), dict[str, frozenset[int]]()
    for user, times in changes:
        dues.put(user, times)
        latest[user] = times
    assert len(dues) == sum(len(times) for times in latest.values())
    assert set(dues) == {user for user, times in latest.items() if times}
    assert emptied(dues) == sorted((due_ms, user) for user, times in latest.items() for due_ms in times)
    assert (len(dues), dues.soonest_ms) == (0, NEVER_MS)


def test_nobody_waits_for_an_earlier_time_than_it_says() -> None:
    dues = Dues()
    dues.put("a", frozenset({5, 9}))
    dues.put("b", frozenset({7}))
    dues.put("a", frozenset({9}))
    assert dues.soonest_ms <= 7
    assert dues.first() == (7, "b")
    assert dues.soonest_ms == 7


def test_what_is_cancelled_over_and_over_takes_no_more_room() -> None:
    """Given one user whose timer is restarted all the time, then memory does not grow with the restarts."""
    dues = Dues()
    for due_ms in range(3 * SLACK):
        dues.put("a", frozenset({due_ms}))
    assert len(dues._heap) <= SLACK + 3
    assert emptied(dues) == [(3 * SLACK - 1, "a")]
