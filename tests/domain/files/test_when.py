"""Dates, cut-offs, shares and copies in campaign files: what is read, and what is refused, by path."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.files.campaign import read_campaign
from app.domain.model.campaign import Campaign, CutOff, DateTrigger, Leaf, Operator, Unless
from tests.domain.files.test_campaign import PARIS, a_file, paths_of

DATE = {"event": "trip_booked", "property": "departs_at"}


def read(**parts: Any) -> Campaign:
    campaign = read_campaign(a_file(**parts), app_zone=PARIS, amplify_default=False)
    assert isinstance(campaign, Campaign), campaign
    return campaign


def test_given_a_date_trigger_then_every_key_is_read() -> None:
    """C011."""
    unless = {"event": "trip_cancelled", "where": {"by": "user"}}
    whole = DATE | {
        "offset": "-1d",
        "match": "trip_id",
        "where": {"kind": "air"},
        "unless": unless,
        "at": "09:00",
    }
    when = read(when={"date": whole}).when
    assert when.date == DateTrigger("departs_at", -86_400_000, 540, "trip_id")
    assert (when.event, when.where) == ("trip_booked", Leaf("kind", Operator.IS, "air"))
    assert when.unless == Unless("trip_cancelled", 0, "trip_id", Leaf("by", Operator.IS, "user"))


@pytest.mark.parametrize(
    ("offset", "expected"),
    [("-90m", -5_400_000), ("+2h", 7_200_000), ("2h", 7_200_000), ("0s", 0), (None, 0)],
)
def test_given_an_offset_then_its_sign_says_before_or_after(offset: str | None, expected: int) -> None:
    date = read(when={"date": DATE | {"offset": offset}}).when.date
    assert date is not None
    assert date.offset_ms == expected


@pytest.mark.parametrize(
    ("when", "path"),
    [
        ({"date": {}}, "when.date.property"),
        ({"date": {"property": "p"}}, "when.date.event"),
        ({"date": "2026-12-24"}, "when.date"),
        ({"date": DATE | {"offset": "a day"}}, "when.date.offset"),
        ({"date": DATE | {"offset": "--1d"}}, "when.date.offset"),
        ({"date": DATE | {"at": "9 o'clock"}}, "when.date.at"),
        ({"date": DATE | {"when": 1}}, "when.date.when"),
        ({"date": DATE | {"unless": {"event": "e", "within": "1h"}}}, "when.date.unless.within"),
        ({"date": DATE | {"match": "a", "unless": {"event": "e", "match": "b"}}}, "when.date.match"),
        ({"date": DATE, "event": "e"}, "when.event"),
        ({"date": DATE, "where": {"a": 1}}, "when.where"),
        ({"date": DATE, "unless": {"event": "e", "within": "1h"}}, "when.unless"),
        ({"date": DATE, "repeat": "each"}, "when.repeat"),
        ({"event": "e", "cut_off": "soon"}, "when.cut_off"),
        ({"event": "e", "cut_off": "0s"}, "when.cut_off"),
        ({"event": "e", "cut_off": "25:00"}, "when.cut_off"),
    ],
)
def test_given_a_mistake_in_when_then_its_path_is_named(when: dict[str, Any], path: str) -> None:
    assert path in paths_of(a_file(when=when))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20:00", CutOff(minute=1200)),
        ("2h", CutOff(after_ms=7_200_000)),
        ("2026-12-01T20:00", CutOff(at_ms=1_796_151_600_000)),
        ("2026-12-01T20:00Z", CutOff(at_ms=1_796_155_200_000)),
    ],
)
def test_given_a_cut_off_then_it_is_a_time_of_day_a_duration_or_an_instant(
    text: str, expected: CutOff
) -> None:
    """C043."""
    assert read(when={"event": "e", "cut_off": text}).cut_off == expected


@pytest.mark.parametrize(("share", "expected"), [("5%", 500), ("2.5%", 250), ("0.25%", 25), ("99.99%", 9999)])
def test_given_a_control_group_then_its_share_is_read(share: str, expected: int) -> None:
    """C159."""
    assert read(limits={"control": share}).control == expected


@pytest.mark.parametrize("share", [5, 0.05, "5", "100%", "-1%", "1.234%", True, {}])
def test_given_what_is_no_share_then_it_is_refused(share: object) -> None:
    assert list(paths_of(a_file(limits={"control": share}))) == ["limits.control"]


def test_given_a_copy_then_how_long_it_stays_must_be_said() -> None:
    assert list(paths_of(a_file(inbox={"copy": True, "fallback": False}))) == ["inbox.ttl"]
    inbox = read(inbox={"copy": True, "fallback": False, "ttl": "7d"}).inbox
    assert inbox is not None
    assert (inbox.copy, inbox.fallback) == (True, False)
