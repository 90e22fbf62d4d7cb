"""`campaign diff`: every field that differs, by its path in the file, and what that means for what waits (C157)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from app.domain.files.campaign import read_campaign
from app.domain.files.yaml12 import Document, read_documents
from app.domain.model.campaign import Campaign, Content, Status, When
from app.domain.rules.changes import changes, consequences, fields, limits_begin
from scripts.pages.campaign_keys import DATED, KEYS, WHOLE
from tests.docs.test_reference import example, parsed, put, whole

NOW_MS = 1_795_424_400_000


def read(values: Any) -> Campaign:
    found = read_campaign(values, app_zone="UTC", amplify_default=False)
    assert isinstance(found, Campaign), found
    return found


def changed(**values: Any) -> list[tuple[str, str | None, str | None]]:
    """What differs once these keys of the whole example have other values; dots are written as two underlines."""
    after = whole()
    for path, value in values.items():
        put(after, path.replace("__", "."), value)
    return [(each.path, each.before, each.after) for each in changes(read(whole()), read(after))]


def test_the_same_campaign_has_no_changes() -> None:
    assert changed() == []


@pytest.mark.parametrize("key", [key for key in KEYS if key.path != "campaign"], ids=lambda key: key.path)
def test_a_change_of_any_key_is_told_by_its_own_path(key: Any) -> None:
    """Given the whole example with one key of another value, then the path of what changes begins with that key's."""
    before = read(example(key.path))
    value = parsed(f"x: {key.example}")["x"]
    after = read(put(example(key.path), key.path, value))
    told = changes(before, after)
    assert (before == after) == (not told)
    for each in told:
        assert each.path == key.path or each.path.startswith(f"{key.path}."), each


def test_every_path_of_the_whole_example_is_a_key_of_the_reference() -> None:
    (document,) = read_documents(WHOLE)
    assert isinstance(document, Document)
    known = {key.path for key in KEYS}
    for values in (document.value, whole() | parsed(DATED)):
        for path, _ in fields(read(values)):
            assert path in known or path.rpartition(".")[0] in known, path


def test_values_are_told_as_the_file_spells_them() -> None:
    assert changed(when__unless__within="30m") == [("when.unless.within", "10m", "30m")]
    assert changed(when__quiet={"from": "22:30", "to": "09:00", "then": "drop"}) == [
        ("when.quiet.from", "21:00", "22:30"),
        ("when.quiet.then", "hold", "drop"),
    ]
    (who,) = changed(who={"user": "country", "is": "FR"})
    assert (who[0], who[2]) == ("who", "country is FR")
    assert str(who[1]).startswith(
        "country is US and age between 25 and 40 and did purchase with total ≥ 50 at least 2"
    )
    assert changed(when__starts="2026-11-24T09:00")[0][2] == "2026-11-24 09:00 UTC"
    assert changed(inbox__tags=["a", "b"]) == [("inbox.tags", "offers", "a, b")]
    assert changed(limits__control="2.5%") == [("limits.control", "5%", "2.5%")]
    assert changed(when__cut_off="20:00") == [("when.cut_off", "2h", "20:00")]
    assert changed(inbox__copy=True) == [("inbox.copy", "false", "true")]
    assert changed(what__title="Hi") == [
        ("what.title", "Still thinking, {{ user.first_name | default: 'friend' }}?", "Hi")
    ]


def test_a_date_is_told_as_the_file_spells_it_and_a_match_once() -> None:
    dated = whole() | parsed(DATED)
    other = put(put(whole() | parsed(DATED), "when.date.offset", "90m"), "when.date.match", "booking_id")
    told = [(each.path, each.before, each.after) for each in changes(read(dated), read(other))]
    assert told == [("when.date.offset", "-1d", "90m"), ("when.date.match", "trip_id", "booking_id")]
    switched = [each.path for each in changes(read(whole()), read(dated))]
    assert {"when.event", "when.date.event", "when.unless.within", "when.cut_off"} <= set(switched)


def test_what_comes_and_goes_has_only_one_side() -> None:
    bare = {"campaign": "c", "name": "c", "when": {"event": "e"}, "what": {"title": "t", "body": "b"}}
    full = bare | {"owner": "a@b.example", "inbox": {"fallback": True, "ttl": "7d"}}
    assert [(each.path, each.before, each.after) for each in changes(read(bare), read(full))] == [
        ("owner", None, "a@b.example"),
        ("inbox.fallback", None, "true"),
        ("inbox.ttl", None, "7d"),
        ("inbox.copy", None, "false"),
    ]
    assert all(each.after is None for each in changes(read(full), read(bare)))


def means(status: Status, **values: Any) -> str:
    after = whole()
    for path, value in values.items():
        put(after, path.replace("__", "."), value)
    return " ".join(consequences(changes(read(whole()), read(after)), status, read(after), NOW_MS))


def test_a_live_campaigns_change_says_what_it_means_for_what_waits() -> None:
    """C157, SPEC 9 Held and delayed: trigger and audience of the version that armed, content of the one in force."""
    later = {"when__starts": "2026-11-23T00:00"}
    assert "go on under the trigger and the audience of the version" in means(
        Status.LIVE, when__event="other"
    )
    assert "gets the new content" in means(Status.LIVE, what__title="Hi", **later)
    assert "gets the new content" not in means(Status.LIVE, when__event="other")
    assert "count at once" in means(Status.LIVE, limits__ignore_caps=True)
    assert "count at once" in means(Status.LIVE, when__cut_off="3h")
    assert "before 2026-12-01 00:00 UTC, its start, is dropped" in means(
        Status.LIVE, when__starts="2026-12-01"
    )
    assert "is over: nothing is sent" in means(
        Status.LIVE, when__starts="2026-01-01", when__ends="2026-02-01"
    )
    assert "It is paused" in means(Status.PAUSED, name="x")
    assert means(Status.DRAFT, name="x") == "It is a draft: nothing is sent before it is scheduled."
    assert means(Status.LIVE) == ""


def test_new_limits_say_that_they_do_not_count_the_past() -> None:
    """C026, C157: a total, a day or a number per user begins with the version that has it."""
    without, total, daily, per_user = (
        read(put(whole(), "limits", limits)) for limits in ({}, {"total": 10}, {"daily": 10}, {"per_user": 2})
    )
    assert [sentence[:9] for sentence in limits_begin(without, total)] == ["Its total", "How often"]
    assert [sentence[:9] for sentence in limits_begin(daily, total)] == ["How often"]
    assert [sentence[:9] for sentence in limits_begin(without, per_user)] == ["How often"]
    assert [sentence[:9] for sentence in limits_begin(per_user, daily)] == ["Its total"]
    assert limits_begin(total, daily) == limits_begin(total, without) == limits_begin(total, total) == []


def test_a_breaker_that_is_switched_off_is_told() -> None:
    """Given a campaign that never pauses itself any more, then that is said, beside what no longer counts."""
    before = Campaign("c", "c", When("e"), Content("t", "b"))
    found = {each.path: each.after for each in changes(before, msgspec.structs.replace(before, surge=None))}
    assert found["surge.pause"] == "false"
    assert set(found) == {"surge.pause", "surge.times", "surge.at_least"}
