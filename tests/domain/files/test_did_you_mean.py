"""C163: a message for every mistake says what was meant. Every key of every section, misspelt and given wrongly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from app.domain.files.campaign import load, read_campaign
from app.domain.files.conditions import GROUPS
from app.domain.files.places import SECTIONS
from app.domain.files.problems import Problem
from app.domain.model.campaign import Campaign, Operator
from scripts.pages.campaign_keys import KEYS, WHOLE
from tests.docs.test_reference import example, put, whole

MAPS = [key.path for key in KEYS if key.kind == "map"]
WRONG: tuple[Any, ...] = ("", 7, 1.5, True, ["a", 1], {"nonsense": 1}, "non sense")


def problems(values: dict[str, Any]) -> list[Problem]:
    found = read_campaign(values, app_zone="UTC", amplify_default=False)
    return found if isinstance(found, list) else []


def misspelt(word: str) -> Iterator[str]:
    """One slip of a finger, and the habits of other languages."""
    yield word + word[-1]
    yield word.upper() if word.upper() != word else word.lower()
    if len(word) > 2:
        yield word[:-1]
        yield word[0] + word[2] + word[1] + word[3:] if word[1] != word[2] else word[1:]
    if "_" in word:
        yield word.replace("_", "-")
        yield word.title().replace("_", "")


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.path)
def test_a_misspelt_key_is_answered_with_the_right_one(key: Any) -> None:
    above, _, name = key.path.rpartition(".")
    others = {each.path.rpartition(".")[2] for each in KEYS if each.path.rpartition(".")[0] == above}
    for word in misspelt(name):
        if word in others:
            continue
        path = f"{above}.{word}" if above else word
        found = [each for each in problems(put(example(key.path), path, "x")) if each.path == path]
        assert [each.hint for each in found] == [f"did you mean {name!r}?"], word


@pytest.mark.parametrize("word", [*Operator, *GROUPS, "user"])
def test_a_misspelt_operator_or_group_is_answered_with_the_right_one(word: str) -> None:
    for wrong in misspelt(str(word)):
        if wrong in set(Operator):
            continue
        condition = {wrong: []} if word in {*GROUPS, "user"} else {"user": "country", wrong: 1}
        hints = [each.hint for each in problems(whole() | {"who": condition})]
        meant = {word, f"{word}e"} & {*Operator, *GROUPS, "user"}  # gtt may be gt and gte
        assert [each for each in meant if f"did you mean {str(each)!r}?" in hints], (wrong, hints)


@pytest.mark.parametrize(
    ("path", "place"),
    [("title", "what.title"), ("event", "when.event"), ("quiet", "when.quiet"), ("when.within", "when.unless.within"),
     ("when.title", "what.title"), ("what.channel", "what.android.channel"), ("what.tags", "inbox.tags"),
     ("when.property", "when.date.property"), ("limits.cut_off", "when.cut_off"), ("control", "limits.control")],
)  # fmt: skip
def test_a_key_in_the_wrong_place_is_answered_with_its_place(path: str, place: str) -> None:
    hints = [each.hint for each in problems(put(whole(), path, "x")) if each.path == path]
    assert hints == [f"did you mean {place}?"]


def test_the_places_of_keys_are_those_of_the_reference() -> None:
    told = {
        path: {key.path.rpartition(".")[2] for key in KEYS if key.path.rpartition(".")[0] == path}
        for path in SECTIONS
    }
    assert {path: set(keys) for path, keys in SECTIONS.items()} == told


@pytest.mark.parametrize("key", [key for key in KEYS if key.path != "campaign"], ids=lambda key: key.path)
def test_a_value_of_the_wrong_kind_says_what_it_must_be(key: Any) -> None:
    """Given any wrong value, then what is said of it names the key, and what would be right."""
    refused = 0
    for value in WRONG:
        for each in problems(put(example(key.path), key.path, value)):
            refused += 1
            named = each.path.startswith(key.path) or key.path.startswith(each.path)
            assert named or key.path in each.message, (value, str(each))
            right = any(
                word in each.message
                for word in ("must be", "is missing", "is no ", "is empty", "is not ", "starts with")
            )
            assert each.hint or right, (value, str(each))
    assert refused


@pytest.mark.parametrize("path", MAPS)
def test_text_where_a_map_belongs_is_answered_with_an_example(path: str) -> None:
    found = [each for each in problems(put(example(path), path, "text")) if each.path == path]
    assert [each.hint[:5] for each in found] == ["as in"]


@pytest.mark.parametrize(
    ("path", "value", "hint"),
    [
        ("campaign", "Cart Reminder", "did you mean cart-reminder?"),
        ("when.unless.within", 600, "did you mean 600s?"),
        ("when.unless.within", "10 minutes", "did you mean 10m?"),
        ("when.delay", "1h30m", "did you mean 90m?"),
        ("when.quiet.from", 2100, 'did you mean "21:00"?'),
        ("when.quiet.to", "9am", 'did you mean "09:00"?'),
        ("when.starts", "23.11.2026", "did you mean 2026-11-23?"),
        ("when.cut_off", "8pm", 'did you mean "20:00"?'),
        ("when.cut_off", "2 hours", "did you mean 2h?"),
        ("when.cut_off", "1.12.2026", "did you mean 2026-12-01?"),
        ("when.cut_off", "later", 'as in "20:00", 2h or 2026-12-01T20:00'),
        ("limits.control", 5, "did you mean 5%?"),
        ("limits.control", "half", "below 100%, as in 5% or 2.5%"),
        ("when.date.offset", "1 day before", "did you mean -1d?"),
        ("when.date.offset", "tomorrow", "before: -1d, -90m; after: 2h"),
        ("when.date.at", "9am", 'did you mean "09:00"?'),
        ("when.zone", "europe/paris", "did you mean 'Europe/Paris'?"),
        ("when.repeat", "Restart", "did you mean 'restart'?"),
        ("what.silent", "no", "did you mean false?"),
        ("limits.ignore_caps", "yes", "did you mean true?"),
        ("inbox.colors.title", "#fff", 'did you mean "#ffffff"?'),
        ("what.title", 7, "put it in quotes"),
        ("owner", "crm", "as in crm@example.com"),
        ("who", {"user": "age", "between": [40, 25]}, "did you mean [25, 40]?"),
        ("who", {"user": "country", "is": ["FR"]}, "write in: [...] for one of several"),
        ("who", {"user": "joined", "in_last": "30 days"}, "did you mean 30d?"),
        ("who", {"user": "joined", "before": "1.2.2026"}, "did you mean 2026-02-01?"),
        ("who", {"user": "app_version", "gte": 3.1}, 'write a version in quotes, as in "3.10.0"'),
        ("when.where", {"price": {"gte": "2026-01-01"}}, "dates compare with before and after"),
        ("<<", {"a": 1}, "write the keys out"),
    ],
)  # fmt: skip
def test_what_was_meant_is_guessed(path: str, value: Any, hint: str) -> None:
    assert hint in [each.hint for each in problems(put(example(path), path, value))]


@pytest.mark.parametrize(
    ("wrong", "line", "hint"),
    [
        ("\tname: x", 2, "indent with spaces, not with tabs"),
        ("name: Hello: you", 2, "text with a colon and a blank"),
        ("name: {{ user.name }}", 2, "text that begins with {{ goes in quotes"),
        ("name: {{ user.name }} hello", 2, "goes in quotes as a whole"),
        ("name: *star", 2, "text that begins with * goes in quotes"),
        ("name: @shop", 2, "text that begins with @ goes in quotes"),
        ("name: !new", 2, "text that begins with ! goes in quotes"),
        ("name: [a, b", 2, "a bracket is not closed"),
        ("name: 'it is", 2, "a quote above is not closed"),
        ("name: - a", 2, "a list begins on a line of its own"),
        ("campaign: again", 2, "the first one stands in line 1"),
        ("name:Hello", 3, "a key ends with a colon and a blank"),
    ],
)
def test_a_trap_of_yaml_is_answered_with_the_way_out(wrong: str, line: int, hint: str) -> None:
    text = WHOLE.strip().splitlines()
    found = load("\n".join([text[0], wrong, *text[2:]]), app_zone="UTC", amplify_default=False)
    told = [each for each in found if isinstance(each, Problem)]
    assert [each for each in told if hint in each.hint], [str(each) for each in told]
    assert any(each.line is not None and line <= each.line for each in told)


def test_what_other_readers_of_yaml_take_for_something_else_is_what_it_says() -> None:
    """YAML 1.2: `NO` is Norway, `on` is a word, a time without quotes is a time, anchors are taken."""
    text = (
        WHOLE.replace("is: US", "is: NO")
        .replace('"21:00"', "21:00")
        .replace("name: Cart reminder", "name: on")
    )
    text = text.replace("owner: crm@example.com", "owner: &who crm@example.com")
    (campaign,) = load(text, app_zone="UTC", amplify_default=False)
    assert isinstance(campaign, Campaign), campaign
    assert (campaign.name, campaign.quiet and campaign.quiet.from_minute) == ("on", 21 * 60)
    assert "'NO'" in str(campaign.who)
