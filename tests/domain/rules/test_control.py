"""Control groups (C159)."""

from __future__ import annotations

from app.domain.rules.control import is_in_control

USERS = [f"u-{number}" for number in range(20_000)]


def group(share: int, campaign: str = "c-1") -> set[str]:
    return {user for user in USERS if is_in_control(campaign, user, share)}


def test_a_share_is_about_as_large_as_it_says_and_always_the_same_users() -> None:
    assert 900 < len(group(500)) < 1100
    assert group(500) == group(500)


def test_a_larger_share_keeps_those_of_a_smaller_and_nobody_is_in_none() -> None:
    assert group(500) < group(1000)
    assert group(0) == set()


def test_campaigns_have_groups_of_their_own() -> None:
    both = group(5000) & group(5000, "c-2")
    assert 4500 < len(both) < 5500
