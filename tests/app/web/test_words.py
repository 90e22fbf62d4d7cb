"""How pages write times, numbers and links; and what they hide."""

from __future__ import annotations

import pytest

from app.domain.rules.privacy import contact
from app.domain.rules.wording import span
from app.web import masks
from app.web.told import losses
from app.web.words import moment, number, plain, segment, share


def test_a_time_is_told_to_the_second_and_kept_exactly() -> None:
    assert moment(1_700_000_000_123) == '<time datetime="2023-11-14T22:13:20.123Z">2023-11-14 22:13:20</time>'


@pytest.mark.parametrize(("time_ms", "told"), [(None, "n/a"), (10**18, "1000000000000000000 ms")])
def test_a_time_that_is_none_or_beyond_the_calendar_is_told_too(time_ms: int | None, told: str) -> None:
    assert moment(time_ms) == told


@pytest.mark.parametrize(("value", "told"), [(0, "0"), (1234567, "1,234,567"), (-3, "-3"), (None, "n/a")])
def test_numbers(value: int | None, told: str) -> None:
    assert number(value) == told


@pytest.mark.parametrize(
    ("part", "whole", "told"), [(1, 8, "12.5 % of 8"), (0, 0, "n/a"), (0, 5, "0.0 % of 5")]
)
def test_shares(part: int, whole: int, told: str) -> None:
    assert share(part, whole) == told


@pytest.mark.parametrize(("text", "told"), [("a/b?#%", "a%2Fb%3F%23%25"), ("é", "%C3%A9"), ("\ud800", "%3F")])
def test_any_text_is_one_part_of_a_path(text: str, told: str) -> None:
    assert segment(text) == told


def test_traits_of_any_type_are_told() -> None:
    assert [plain(value) for value in ("a", 1, None, [1, {"b": "é"}])] == [
        "a",
        "1",
        "null",
        '[1, {"b": "é"}]',
    ]


@pytest.mark.parametrize(
    ("milliseconds", "told"),
    [
        (600_000, "10m"),
        (90_000, "90s"),
        (604_800_000, "7d"),
        (14_400_000, "4h"),
        (1500, "1500 ms"),
        (0, "0s"),
    ],
)
def test_durations_are_told_as_campaigns_spell_them(milliseconds: int, told: str) -> None:
    assert span(milliseconds) == told


@pytest.mark.parametrize(("token", "told"), [("short", "…"), ("x" * 20 + "abcd", "…abcd"), ("", "…")])
def test_of_a_token_only_the_end_is_shown(token: str, told: str) -> None:
    assert masks.token(token) == told


@pytest.mark.parametrize(("value", "told"), [("ann@a.example", "a…@a.example"), ("+33123", "…"), (5, "…")])
def test_of_an_address_little_is_shown(value: object, told: str) -> None:
    assert contact(value) == told


def test_a_reason_of_a_later_version_is_told_by_its_code() -> None:
    assert [(loss.reason, loss.count) for loss in losses({"brand_new": 1, "user_cap": 2})] == [
        ("user_cap", 2),
        ("brand_new", 1),
    ]
