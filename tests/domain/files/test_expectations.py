"""Expectations in files: what is read, and every mistake with its path (CONTRACT section 2, C163)."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.files.campaign import load
from app.domain.files.expectations import Expectations, read_expectations
from app.domain.model.campaign import Campaign
from app.domain.model.reason import Reason

TEN_MS = 1_795_428_000_000  # 2026-11-23T10:00:00Z
CAMPAIGN = "campaign: hello\nwhen: {event: cart}\nwhat: {title: Hello, body: You}\n"
TEST = "test: Nothing\ngiven: []\nexpect: []\n"


def a_test(**keys: Any) -> dict[str, Any]:
    return {"test": "A test", "given": [], "expect": [], **keys}


def a_line(**keys: Any) -> dict[str, Any]:
    line = {"at": "2026-11-23T10:00:00Z", "user": "u1", "event": "cart", **keys}
    return {key: value for key, value in line.items() if value is not None}


def read(zone: str = "UTC", **keys: Any) -> Expectations:
    found = read_expectations(a_test(**keys), zone)
    assert isinstance(found, Expectations), found
    return found


def paths(**keys: Any) -> list[str]:
    found = read_expectations(a_test(**keys), "UTC")
    assert isinstance(found, list), found
    return [problem.path for problem in found]


def test_a_line_becomes_a_message_with_its_context() -> None:
    device = {"id": "d1", "type": "android", "token": "t1"}
    line = a_line(properties={"price": 3}, device=device, timezone="Asia/Tokyo", locale="ja-JP", id="e1")
    (given,) = read(given=[line]).given
    assert (given.at_ms, given.user, given.path) == (TEN_MS, "u1", "given[0]")
    assert given.message == {
        "type": "track",
        "event": "cart",
        "userId": "u1",
        "messageId": "e1",
        "properties": {"price": 3},
        "context": {"device": device, "timezone": "Asia/Tokyo", "locale": "ja-JP"},
    }


def test_an_identify_line_carries_its_traits() -> None:
    (given,) = read(given=[a_line(event=None, identify={"country": "US", "city": None})]).given
    assert given.message == {"type": "identify", "userId": "u1", "traits": {"country": "US", "city": None}}


def test_times_without_a_zone_are_in_the_app_s() -> None:
    found = read("Europe/Paris", given=[a_line(at="2026-11-23T11:00")], until="2026-11-23T11:00")
    assert (found.given[0].at_ms, found.until_ms) == (TEN_MS, TEN_MS)


def test_what_is_left_out_is_not_compared() -> None:
    pushed, dropped, boxed = read(expect=[{}, {"reason": "user_cap", "user": "u1"}, {"inbox": True}]).expect
    assert (pushed.user, pushed.campaign, pushed.at_ms, pushed.reason, pushed.compared) == (
        None,
        None,
        None,
        None,
        {},
    )
    assert (dropped.user, dropped.reason) == ("u1", Reason.USER_CAP)
    assert (boxed.inbox, boxed.reason) == (True, None)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"test": None}, ["test"]),
        ({"given": None}, ["given"]),
        ({"expect": None}, ["expect"]),
        ({"expect": {}}, ["expect"]),
        ({"expct": []}, ["expct"]),
        ({"given": ["cart"]}, ["given[0]"]),
        ({"given": [a_line(user=None)]}, ["given[0].user"]),
        ({"given": [a_line(at=None)]}, ["given[0].at"]),
        ({"given": [a_line(at="ten")]}, ["given[0].at"]),
        ({"given": [a_line(), a_line(event=None)]}, ["given[1]"]),
        ({"given": [a_line(identify={})]}, ["given[0]"]),
        ({"given": [a_line(event=None, identify={}, properties={})]}, ["given[0].properties"]),
        ({"given": [a_line(device={"token": "t"})]}, ["given[0].device.id"]),
        ({"given": [a_line(timezone="Europe/Pariss")]}, ["given[0].timezone"]),
        ({"given": [a_line(porperties={})]}, ["given[0].porperties"]),
        ({"until": "never"}, ["until"]),
        ({"expect": [{"reason": "quiet_hour"}]}, ["expect[0].reason"]),
        ({"expect": [{"reason": "throttled"}]}, ["expect[0].reason"]),
        ({"expect": [{"reason": "user_cap", "inbox": True}]}, ["expect[0].inbox"]),
        ({"expect": [{"titel": "Hello"}]}, ["expect[0].titel"]),
        ({"campaigns": ["a"], "expect": [{"campaign": "b"}]}, ["expect[0].campaign"]),
    ],
)
def test_a_mistake_is_named_by_its_path(keys: dict[str, Any], expected: list[str]) -> None:
    assert paths(**keys) == expected


def test_a_mistake_says_what_was_meant() -> None:
    (problem,) = [*_problems(expect=[{"reason": "quiet_hour"}])]
    assert "quiet_hours" in problem


def _problems(**keys: Any) -> list[str]:
    found = read_expectations(a_test(**keys), "UTC")
    return [str(problem) for problem in found] if isinstance(found, list) else []


def test_a_campaign_file_may_hold_tests_and_settings() -> None:
    """Given a campaign with a test and app settings beside it, when it is read to be applied, then it is alone."""
    found = load(f"app: {{zone: UTC}}\n---\n{CAMPAIGN}---\n{TEST}", app_zone="UTC", amplify_default=False)
    assert [each.id for each in found if isinstance(each, Campaign)] == ["hello"]


def test_a_mistake_in_a_test_is_a_mistake_of_the_file() -> None:
    found = load(f"{CAMPAIGN}---\ntest: T\ngiven: []\n", app_zone="UTC", amplify_default=False)
    assert [str(each) for each in found] == [
        "line 5: expect: is missing (a list of pushes; [] where none is cleared)"
    ]
