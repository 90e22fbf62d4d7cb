"""Scripted answers: which rule decides, how often, and what is said of a rule that cannot be read."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from transports.sink import script
from transports.sink.script import Script, ScriptError, delay_s


def a_script(*rules: dict[str, Any]) -> Script:
    made = Script()
    made.extend(msgspec.json.encode(rules))
    return made


def status(made: Script, service: str = "fcm", token: str = "t-1") -> int | None:  # noqa: S107 - no secret
    """The scripted status of one more request."""
    action = made.next(service, token)
    return None if action is None else action.status


def test_without_a_rule_nothing_is_scripted() -> None:
    assert Script().next("fcm", "t-1") is None


@pytest.mark.parametrize(
    ("rule", "taken"),
    [
        ({}, True),
        ({"service": "fcm"}, True),
        ({"service": "apns"}, False),
        ({"token": "t-*"}, True),
        ({"token": "t-?"}, True),
        ({"token": "T-*"}, False),
        ({"token": "t"}, False),
        ({"token": "[st]-[0-9]"}, True),
        ({"token": "t.1"}, False),
    ],
)
def test_a_rule_takes_its_service_and_its_tokens(rule: dict[str, Any], taken: bool) -> None:
    assert (status(a_script({**rule, "status": 503})) == 503) is taken


def test_the_first_rule_that_matches_decides() -> None:
    made = a_script({"token": "t-1", "status": 404}, {"status": 503})

    assert status(made, token="t-1") == 404
    assert status(made, token="t-2") == 503


def test_the_first_n_are_counted_for_each_token_and_then_the_next_rule_has_its_turn() -> None:
    made = a_script({"first": 2, "status": 503}, {"token": "t-2", "status": 404})

    assert [status(made, token="t-1") for _ in range(3)] == [503, 503, None]
    assert [status(made, token="t-2") for _ in range(3)] == [503, 503, 404]


def test_counts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "COUNTED_TOKENS", 2)
    made = a_script({"first": 1, "status": 503})

    seen = [status(made, token=token) for token in ("a", "b", "b", "c", "a")]

    assert seen == [503, 503, None, 503, 503]


def test_rules_are_added_and_cleared() -> None:
    made = Script()

    assert made.extend(b'{"status": 503}') == 1
    assert made.extend(b'[{"status": 404}, {"status": 429}]') == 3
    made.clear()

    assert made.next("fcm", "t-1") is None


@pytest.mark.parametrize(
    ("body", "sent"), [({"a": 1}, b'{"a":1}'), ("plain", b"plain"), (None, None), ([], b"[]")]
)
def test_a_body_is_json_or_text(body: object, sent: bytes | None) -> None:
    action = a_script({"body": body}).next("fcm", "t")

    assert action is not None
    assert action.body == sent


@pytest.mark.parametrize(
    ("written", "seconds"), [(None, None), ("300ms", 0.3), ("2s", 2.0), ("1m", 60.0), ("0s", 0.0)]
)
def test_delays(written: str | None, seconds: float | None) -> None:
    assert delay_s(written) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"nope", "JSON"),
        (b"7", "Expected"),
        (b'{"stauts": 503}', "stauts"),
        (b'[{"status": 503}, {"status": 42}]', "rule 1: `status`"),
        (b'{"first": 0}', "`first`"),
        (b'{"delay": "2 s"}', "`delay`"),
        (b'{"delay": 2}', "delay"),
        (b'{"headers": {"A": "b\\r\\nC: d"}}', "`headers`"),
        (b'{"headers": {"A\\n": "b"}}', "`headers`"),
    ],
)
def test_a_rule_that_cannot_be_read_is_named_and_none_is_added(raw: bytes, words: str) -> None:
    made = Script()

    with pytest.raises(ScriptError, match=words):
        made.extend(raw)

    assert made.next("fcm", "t-1") is None
