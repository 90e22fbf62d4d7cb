"""The verdict: missing, unexpected, repeated."""

from __future__ import annotations

from tests.oracle.outcome import Outcome
from tests.oracle.verdict import Verdict, judge, judge_sink

SENT = Outcome("payment-help", "user_0001", 4, "sent", 0)
LINE = {"service": "fcm", "message": SENT.message_id, "token": "tok-user_0001", "status": 200}


def test_each_difference_is_named() -> None:
    verdict = judge({"a", "b"}, ["b", "b", "b", "c"])
    assert verdict == Verdict(frozenset({"a"}), frozenset({"c"}), {"b": 2})
    assert not verdict.exact


def test_what_the_sink_refused_was_not_shown() -> None:
    assert judge_sink([SENT], [LINE | {"status": 503}, LINE]).exact
    assert judge_sink([SENT], [LINE | {"status": 503}]).missing


def test_what_asks_for_an_access_token_shows_nothing() -> None:
    token_request = {"service": "fcm-token", "message": "", "token": "sink@example.com", "status": 200}
    assert judge_sink([SENT], [token_request, LINE]).exact


def test_a_message_on_another_token_is_both_missing_and_unexpected() -> None:
    verdict = judge_sink([SENT], [LINE | {"token": "tok-user_0002"}])
    assert verdict.missing
    assert verdict.unexpected


def test_an_inbox_item_must_not_show_at_the_sink() -> None:
    inbox = Outcome("payment-help", "user_0007", 4, "inbox", 0)
    assert judge_sink([inbox], []).exact
