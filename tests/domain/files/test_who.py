"""`who` and saved segments in files: what is read, and every mistake with its path and what was meant (C163)."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.files.campaign import load, read_campaign
from app.domain.files.problems import Problem
from app.domain.model.campaign import Campaign, Segment
from app.domain.model.condition import (
    AllOf,
    Condition,
    Did,
    InSegment,
    IsReachable,
    Leaf,
    Near,
    NoneOf,
    OfDevice,
    Operator,
    PushIs,
)
from app.domain.model.event import PushStatus

DAY_MS = 86_400_000
CONTRACT = """
campaign: c
when: {event: e}
what: {title: t, body: b}
who:
  all:
    - segment: platinum
    - user: country
      is: US
    - user: age
      between: [25, 40]
    - did: purchase
      where: {total: {gte: 50}}
      times: {at_least: 2}
      within: 30d
    - near: {km: 25, of: [[48.85, 2.35], [45.76, 4.84]]}
    - push: allowed
    - device: {os: Android, app_version: {gte: "3.2.0"}}
"""


def reading(who: Any) -> Condition | dict[str, Problem]:
    document = {"campaign": "c", "when": {"event": "e"}, "what": {"title": "t", "body": "b"}, "who": who}
    read = read_campaign(document, app_zone="Europe/Paris", amplify_default=True)
    return read.who if isinstance(read, Campaign) else {problem.path: problem for problem in read}


def test_the_contracts_own_example_is_read() -> None:
    (campaign,) = load(CONTRACT, app_zone="UTC", amplify_default=False)
    assert isinstance(campaign, Campaign)
    assert campaign.who == AllOf((
        InSegment("platinum"),
        Leaf("country", Operator.IS, "US"),
        Leaf("age", Operator.BETWEEN, (25, 40)),
        Did("purchase", Leaf("total", Operator.GTE, 50), 2, None, 30 * DAY_MS),
        Near(25.0, ((48.85, 2.35), (45.76, 4.84))),
        PushIs(PushStatus.ALLOWED),
        AllOf((OfDevice(Leaf("os", Operator.IS, "android")), OfDevice(Leaf("app_version", Operator.GTE, "3.2.0")))),
    ))  # fmt: skip


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ({"did": "x"}, Did("x")),
        ({"did": "x", "times": {"exactly": 0}}, Did("x", least=0, most=0)),
        ({"did": "x", "times": {"at_most": 3}}, Did("x", least=0, most=3)),
        ({"did": "x", "times": {"at_least": 2, "at_most": 3}}, Did("x", least=2, most=3)),
        ({"did": "x", "first": "in_last 7d"}, Did("x", first=(Leaf("first", Operator.IN_LAST, 7 * DAY_MS),))),
        (
            {"did": "x", "last": {"before": "2026-11-23", "after": "2026-01-01"}},
            Did(
                "x",
                last=(
                    Leaf("last", Operator.BEFORE, 1_795_388_400_000),
                    Leaf("last", Operator.AFTER, 1_767_222_000_000),
                ),
            ),
        ),
        ({"near": {"km": 1, "of": [48.85, 2.35]}}, Near(1.0, ((48.85, 2.35),))),
        ({"push_last_session": "ask"}, PushIs(PushStatus.ASK, last_session=True)),
        ({"none": [{"reachable": True}]}, NoneOf((IsReachable(),))),
        ({"device": {"make": "xiaomi"}}, OfDevice(Leaf("manufacturer", Operator.IS, "xiaomi"))),
        ({"device": {"os": {"in": ["iOS"]}}}, OfDevice(Leaf("os", Operator.IN, ("ios",)))),
    ],
)
def test_a_condition_is_read(who: Any, expected: Condition) -> None:
    assert reading(who) == expected


@pytest.mark.parametrize(
    ("who", "path", "meant"),
    [
        ({"did": "x", "tmes": 2}, "who.tmes", "did you mean 'times'?"),
        ({"did": "x", "times": 2}, "who.times", "did you mean {at_least: 2}?"),
        ({"did": "x", "times": {"atleast": 2}}, "who.times.atleast", "did you mean 'at_least'?"),
        ({"did": "x", "times": {"at_least": 0}}, "who.times.at_least", ""),
        ({"did": "x", "times": {"at_least": 1.5}}, "who.times.at_least", ""),
        ({"did": "x", "times": {"exactly": 1, "at_least": 1}}, "who.times.exactly", "or give at_least and at_most"),
        ({"did": "x", "times": {"at_least": 4, "at_most": 2}}, "who.times.at_least",
         "did you mean {at_least: 2, at_most: 4}?"),
        ({"did": "x", "times": {}}, "who.times", "as in {at_least: 2}"),
        ({"did": "x", "within": "900d"}, "who.within", "leave it out for ever"),
        ({"did": "x", "within": 30}, "who.within", "did you mean 30s?"),
        ({"did": "x", "first": "7d"}, "who.first", "as in in_last 7d, or {before: 2026-11-23}"),
        ({"did": "x", "last": "inlast 7d"}, "who.last", "did you mean 'in_last'?"),
        ({"did": "x", "last": {"in_last": "soon"}}, "who.last.in_last", "write a whole number"),
        ({"did": "x", "times": {"exactly": 0}, "last": "in_last 7d"}, "who.times", "leave one of them out"),
        ({"did": "x", "where": {"total": {"gt": "a"}}}, "who.where.total.gt", ""),
        ({"did": ["x"]}, "who.did", ""),
        ({"near": {"of": [[1, 2]]}}, "who.near.km", "how far, as in km: 25"),
        ({"near": {"km": -1, "of": [[1, 2]]}}, "who.near.km", ""),
        ({"near": {"km": 1, "of": [[2, 100], [100, 2]]}}, "who.near.of[1]", "did you mean [2, 100]?"),
        ({"near": {"km": 1, "of": "Paris"}}, "who.near.of", "as in [[48.85, 2.35]]: latitude, longitude"),
        ({"near": [1]}, "who.near", ""),
        ({"device": {"version": 3}}, "who.device.version", "did you mean 'os_version'?"),
        ({"device": {"app_version": {"gte": "new"}}}, "who.device.app_version.gte", 'write a version in quotes'),
        ({"device": {}}, "who.device", "as in {os: android}"),
        ({"push": "alowed"}, "who.push", "did you mean 'allowed'?"),
        ({"push_last_session": True}, "who.push_last_session", "known here: allowed, ask, blocked"),
        ({"reachable": False}, "who.reachable", "put it under none for the opposite"),
        ({"segment": "Platinum!"}, "who.segment", "up to 64 of a-z"),
        ({"segmnt": "platinum"}, "who.segmnt", "did you mean 'segment'?"),
        ({"segment": "a", "push": "ask"}, "who", "nest them under all"),
        ({"user": "country", "is": "Frnace"}, "who.is", "did you mean 'france'?"),
        ({"user": "country", "in": ["FR", 7]}, "who.in", "an ISO code or a name in English, as in FR or France"),
        ({"user": "language", "is": "germn"}, "who.is", "did you mean 'german'?"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_by_its_path_with_what_was_meant(who: Any, path: str, meant: str) -> None:
    found = reading(who)
    assert isinstance(found, dict), found
    assert list(found) == [path]
    assert meant in found[path].hint


@pytest.mark.parametrize(
    "text",
    [
        "segment: s\nuser: plan\nis: pro",
        "segment: s\nwho: {user: plan, is: pro}",
        "segment: s\nall: [{user: plan, is: pro}]",
    ],
)
def test_a_saved_segment_is_a_condition_beside_its_name(text: str) -> None:
    (segment,) = load(text, app_zone="UTC", amplify_default=False)
    leaf = Leaf("plan", Operator.IS, "pro")
    assert isinstance(segment, Segment)
    assert (segment.name, segment.who) == ("s", AllOf((leaf,)) if "all" in text else leaf)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("segment: s", ""),
        ("segment: s\nwho:", "who"),
        ("segment: A\nuser: plan\nis: pro", "segment"),
        ("segment: s\nwho: {user: plan, is: pro}\nuser: x", "user"),
        ("segment: s\nuser: plan", ""),
        ("segment: s\nall: [{usr: plan}]", "all[0].usr"),
        ("segment: s\nuser: a\nis: 1\n---\nsegment: s\nuser: a\nis: 1", "segment"),
    ],
)
def test_a_mistake_in_a_saved_segment_is_told_by_its_path(text: str, path: str) -> None:
    read = load(text, app_zone="UTC", amplify_default=False)
    assert [each.path for each in read if isinstance(each, Problem)] == [path]


def test_segments_and_campaigns_stand_in_one_file() -> None:
    read = load(
        CONTRACT + "---\nsegment: platinum\nuser: tier\nis: platinum\n", app_zone="UTC", amplify_default=False
    )
    assert [type(each) for each in read] == [Campaign, Segment]
