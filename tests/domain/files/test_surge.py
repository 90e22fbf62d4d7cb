"""`surge` in a campaign file (C161)."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.files.campaign import read_campaign
from app.domain.files.problems import Problem
from app.domain.model.campaign import Campaign
from app.domain.model.surge import SurgeRule


def read(surge: Any) -> Campaign | list[Problem]:
    """A file with this breaker; None: without one."""
    file: dict[str, Any] = {"campaign": "c", "when": {"event": "e"}, "what": {"title": "t", "body": "b"}}
    if surge is not None:
        file["surge"] = surge
    return read_campaign(file, app_zone="UTC", amplify_default=False)


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        (None, SurgeRule(5.0, 100, None)),
        ({}, SurgeRule()),
        ({"times": 3}, SurgeRule(3.0)),
        ({"times": 2.5, "at_least": 10, "expected": 200, "pause": True}, SurgeRule(2.5, 10, 200)),
        ({"pause": False}, None),
        ({"pause": False, "times": 3}, None),
    ],
)
def test_the_breaker_is_on_unless_the_file_says_otherwise(said: Any, rule: SurgeRule | None) -> None:
    found = read(said)
    assert isinstance(found, Campaign)
    assert found.surge == rule


@pytest.mark.parametrize(
    ("said", "path", "message", "hint"),
    [
        (False, "surge", "must be a map, not false", "as in surge: {times: 5}, or surge: {pause: false} for never"),
        ({"time": 5}, "surge.time", "unknown key 'time'", "did you mean 'times'?"),
        ({"times": 0.5}, "surge.times", "must be a number from 1 to 10,000, not 0.5", "5 is usual"),
        ({"times": "5x"}, "surge.times", "must be a number from 1 to 10,000, not '5x'", "5 is usual"),
        ({"times": True}, "surge.times", "must be a number from 1 to 10,000, not true", "5 is usual"),
        ({"at_least": 0}, "surge.at_least", "must be a whole number from 1 on, not 0", "so many in an hour"),
        ({"expected": 1.5}, "surge.expected", "must be a whole number from 1 on, not 1.5", "so many in an hour"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_its_path(said: Any, path: str, message: str, hint: str) -> None:
    problems = read(said)
    assert isinstance(problems, list)
    assert [(each.path, each.message, each.hint) for each in problems] == [(path, message, hint)]
