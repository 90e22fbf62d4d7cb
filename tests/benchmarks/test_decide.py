"""The core's benchmark: the same pushes as the campaigns clear, beside none, and one line for each count."""

from __future__ import annotations

import json

import pytest

from app.domain.model.user import OnItsWay
from benchmarks import decide
from benchmarks.campaigns import campaigns


def test_each_count_has_its_line_beside_no_campaign(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given few events, then every count of campaigns has its line, and so have silent and idle ones."""
    monkeypatch.setattr(decide, "COUNTS", (0, 10, 100))
    monkeypatch.setattr(decide, "ELSEWHERE", 50)
    decide.measure(count=3_000, times=1)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["campaigns"], line["reference"]) for line in lines] == [
        (10, "no campaign"),
        (100, "no campaign"),
        (50, "no campaign"),
        (50, None),
    ]
    assert all(line["bench"] == "decide" and line["unit"] == "us/event" for line in lines)
    assert 0 < lines[0]["sends"] < lines[1]["sends"]
    assert lines[2]["sends"] == lines[0]["sends"]
    assert lines[2]["qualified"] == lines[0]["qualified"] >= lines[0]["sends"]


def test_pushes_settle_and_timers_fire() -> None:
    """Given a clickstream, when all is decided, then no push waits for its answer, and timers do wait."""
    core = decide.Core(decide.catalog_of(campaigns(100)))
    core.take(decide.events_of(6_000))
    assert core.sent > 100
    assert not [
        entry for user in core.users.values() for entry in user.agenda.entries if isinstance(entry, OnItsWay)
    ]
    assert core.due


def test_no_campaign_sends_nothing() -> None:
    core = decide.Core(decide.catalog_of([]))
    core.take(decide.events_of(1_000))
    assert core.sent == 0
    assert not core.due
