"""`limits` in a campaign file (C023-C028)."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.files.campaign import read_campaign
from app.domain.files.problems import Problem
from app.domain.model.campaign import Campaign, Limits


def read(limits: dict[str, Any]) -> Campaign | list[Problem]:
    """A file with these limits."""
    file = {"campaign": "c", "when": {"event": "e"}, "what": {"title": "t", "body": "b"}, "limits": limits}
    return read_campaign(file, app_zone="UTC", amplify_default=False)


def test_limits_are_read() -> None:
    """Given all three, then all three; given only caps, then none."""
    full, caps = read({"total": 1000, "daily": 200, "per_user": 2}), read({"ignore_caps": True})
    assert isinstance(full, Campaign)
    assert isinstance(caps, Campaign)
    assert (full.limits, caps.limits) == (Limits(1000, 200, 2), None)


def test_a_total_means_once_per_user_unless_it_says_more() -> None:
    """Given a total, then one for each user; given a number for each user, then that; given a day's, then any."""
    limits = [Limits(total=5), Limits(total=5, per_user=3), Limits(per_user=2), Limits(daily=5)]
    assert [each.times for each in limits] == [1, 3, 2, None]
    assert [each.is_shared for each in limits] == [True, True, False, True]


@pytest.mark.parametrize(
    ("limits", "path", "said"),
    [
        ({"total": 0}, "limits.total", "must be a whole number from 1 on, not 0"),
        ({"total": "many"}, "limits.total", "must be a whole number from 1 on, not 'many'"),
        ({"daily": True}, "limits.daily", "must be a whole number from 1 on, not true"),
        ({"per_user": 1.5}, "limits.per_user", "must be a whole number from 1 on, not 1.5"),
        ({"total": 5, "daily": 6}, "limits.daily", "6 a day are more than limits.total, 5 in all"),
        ({"run": 5}, "limits.run", "limits.run is for campaigns with `at` or `every`"),
        ({"safety": 5}, "limits.safety", "limits.safety is for campaigns with `at` or `every`"),
        ({"totl": 5}, "limits.totl", "unknown key 'totl'"),
    ],
)
def test_what_is_no_limit_is_refused_at_its_path(limits: dict[str, Any], path: str, said: str) -> None:
    """Given one mistake, then that one is told; limits of runs are refused where nothing runs (C028)."""
    problems = read(limits)
    assert isinstance(problems, list)
    assert [(problem.path, problem.message) for problem in problems] == [(path, said)]
