"""Tests of campaigns: what passes, what fails, and what is said of it (C163)."""

from __future__ import annotations

from textwrap import dedent

import pytest

from app.cli.campaign_tests import as_value, text
from app.replay.checking import Verdict, check
from app.replay.scope import Text, read_scope
from app.settings import DecidingSettings

CART = """\
campaign: cart
when: {event: add_to_cart, where: {price: {gte: 10}}, unless: {event: purchase, within: 10m, match: id}}
who: {user: country, is: FR}
what: {title: "Hello {{ user.name }}", body: B, missing: drop}
"""
PHONE = "device: {id: d1, type: android, token: t1}"
ADA = f'{{at: "2026-11-23T10:00:00Z", user: u1, identify: {{country: FR, name: Ada}}, {PHONE}}}'
PUT = '{at: "2026-11-23T10:00:00Z", user: u1, event: add_to_cart, properties: {id: c1, price: 12}}'


def verdict(*given: str, expect: str, until: str = "2026-11-23T11:00:00Z", campaign: str = CART) -> Verdict:
    lines = "".join(f"  - {line}\n" for line in given)
    test = f'test: T\ngiven:\n{lines}until: "{until}"\nexpect: {expect}\n'
    cases, flaws = read_scope([Text("f.yaml", f"{campaign}---\n{test}")], DecidingSettings())
    assert flaws == []
    (case,) = cases
    return check(case)


def why(*given: str, **keys: str) -> str:
    """Why the one push that was expected did not come."""
    found = verdict(*given, expect="[{user: u1, campaign: cart}]", **keys)
    (missing,) = found.missing
    assert (missing.came, found.unexpected) == (None, ())
    return missing.why


def test_what_is_expected_and_comes_passes() -> None:
    assert verdict(ADA, PUT, expect="[{user: u1, campaign: cart, title: Hello Ada}]").passed
    assert verdict(ADA, PUT, expect='[{at: "2026-11-23T10:10:00Z"}]').passed
    assert verdict(ADA, PUT, expect="[{}]").passed


def test_a_push_that_is_not_expected_fails() -> None:
    found = verdict(ADA, PUT, expect="[]")
    assert not found.passed
    assert [arrival.user for arrival in found.unexpected] == ["u1"]


def test_a_drop_that_is_not_expected_does_not() -> None:
    assert verdict(ADA.replace(PHONE, "device: {id: d1}"), PUT, expect="[]").passed


def test_a_drop_is_no_push_and_a_push_no_drop() -> None:
    nobody = ADA.replace(PHONE, "device: {id: d1}")
    assert verdict(nobody, PUT, expect="[{user: u1, reason: push_unsupported}]").passed
    assert not verdict(nobody, PUT, expect="[{user: u1}]").passed
    assert not verdict(nobody, PUT, expect="[{user: u1, reason: user_cap}]").passed
    assert not verdict(ADA, PUT, expect="[{user: u1, reason: push_unsupported}]").passed


def test_each_expectation_needs_a_push_of_its_own() -> None:
    assert not verdict(ADA, PUT, expect="[{user: u1}, {user: u1}]").passed
    other = PUT.replace("c1", "c2").replace("10:00:00", "10:01:00")
    assert verdict(ADA, PUT, other, expect='[{user: u1}, {at: "2026-11-23T10:10:00Z"}]').passed


def test_a_difference_is_told_key_by_key() -> None:
    found = verdict(
        ADA, PUT, expect='[{user: u1, at: "2026-11-23T10:11:00Z", title: Hello Eve, data: {a: b}}]'
    )
    (missing,) = found.missing
    assert [each.key for each in missing.differences] == ["at", "data", "title"]
    assert text([found]) == dedent(
        """\
        FAILED  T
                f.yaml, line 6
                expected: push to u1 at 2026-11-23T10:11:00Z
                    came: push of cart to u1 at 2026-11-23T10:10:00Z: "Hello Ada"
                          at is 2026-11-23T10:10:00Z and not 2026-11-23T10:11:00Z
                          data is nothing and not {'a': 'b'}
                          title is "Hello Ada" and not "Hello Eve"
        1 test, 1 failed"""
    )


@pytest.mark.parametrize(
    ("given", "until", "expected"),
    [
        ((ADA,), "11:00", "no add_to_cart of u1 is given"),
        (
            (ADA, PUT.replace("12", "9")),
            "11:00",
            "add_to_cart at 2026-11-23T10:00:00Z does not fulfil `where`",
        ),
        ((ADA, PUT), "10:09", "it waits until 2026-11-23T10:10:00Z, and the test ends before that"),
        ((ADA.replace("FR", "US"), PUT), "11:00", "u1 is none of those in `who`"),
        (
            (ADA, PUT, PUT.replace("add_to_cart", "purchase").replace("10:00:00", "10:05:00")),
            "11:00",
            "purchase at 2026-11-23T10:05:00Z came in time",
        ),
    ],
)
def test_what_did_not_come_has_a_reason(given: tuple[str, ...], until: str, expected: str) -> None:
    assert why(*given, until=f"2026-11-23T{until}:00Z") == expected


def test_a_drop_is_the_nearest_thing_that_came() -> None:
    found = verdict(ADA.replace("name: Ada", "age: 3"), PUT, expect="[{user: u1, campaign: cart}]")
    (missing,) = found.missing
    assert missing.came is not None
    assert missing.came.reason == "missing_variable"
    assert "missing_variable" in text([found])
    assert "it is a drop and not a push" in text([found])


def test_what_is_held_to_the_end_says_until_when() -> None:
    quiet = CART.replace("match: id}}", 'match: id}, quiet: {from: "10:00", to: "12:00"}}')
    said = why(ADA, PUT, campaign=quiet)
    assert said.startswith("held until 2026-11-23T12:00:00Z, and the test ends before that: quiet_hours.")


def test_outside_the_schedule_is_said() -> None:
    later = CART.replace("match: id}}", 'match: id}, starts: "2026-12-01"}')
    assert (
        why(ADA, PUT, campaign=later)
        == "add_to_cart at 2026-11-23T10:00:00Z is not between `starts` and `ends`"
    )


def test_a_message_that_a_worker_would_refuse_fails_the_test() -> None:
    """Given a line that is larger than an event may be, then it is said, as a dead letter would."""
    large = PUT.replace("price: 12", f"price: 12, note: {'x' * 33_000}")
    found = verdict(ADA, large, expect="[]")
    assert not found.passed
    assert "given[1] is no event: too_large" in text([found])


def test_a_machine_is_told_the_same() -> None:
    value = as_value(verdict(ADA, PUT, expect='[{user: u1, at: "2026-11-23T10:11:00Z"}]'))
    assert (value["passed"], value["line"], value["unexpected"]) == (False, 6, ())
    (missing,) = value["missing"]
    assert missing["path"] == "expect[0]"
    assert missing["expected"] == {"user": "u1", "at": 1_795_428_660_000}
