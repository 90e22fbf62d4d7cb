"""Every row of FCM's error table, and what a strange answer means."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.model.reason import Reason
from app.domain.model.receipt import Accepted, Gone, Receipt, Rejected, Retry
from tests.transports.makers import NOW_MS
from transports.fcm.replies import receipt, refuses_access, retry_after_ms
from transports.sink.fcm import errors

RPC = "type.googleapis.com/google.rpc."
QUOTA = {"@type": f"{RPC}QuotaFailure", "violations": [{"subject": "device:secret-token"}]}
FIELD = {
    "@type": f"{RPC}BadRequest",
    "fieldViolations": [{"field": "message.android.ttl", "description": "x"}],
}


def an_error(http: int, status: str, code: str | None = None, message: str = "", *details: Any) -> bytes:
    """An error body as FCM writes it."""
    listed = list(details)
    if code is not None:
        listed.append({"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code})
    return msgspec.json.encode(
        {"error": {"code": http, "status": status, "message": message, "details": listed}}
    )


def kind(outcome: Receipt) -> tuple[object, ...]:
    """A receipt without its words."""
    match outcome:
        case Retry(reason, after_ms):
            return Retry, reason, after_ms
        case Rejected(reason):
            return Rejected, reason
        case _:
            return (type(outcome),)


GONE, CONFIG = (Gone,), (Retry, Reason.PROVIDER_UNAVAILABLE, None)
REJECT, TOO_LARGE = (Rejected, Reason.PROVIDER_REJECTED), (Rejected, Reason.PAYLOAD_TOO_LARGE)
IN_10_S, IN_60_S = (
    (Retry, Reason.PROVIDER_UNAVAILABLE, 10_000),
    (Retry, Reason.PROVIDER_UNAVAILABLE, 60_000),
)
BAD_TOKEN = "The registration token is not a valid FCM registration token"
TABLE = [
    (200, b'{"name":"projects/p/messages/1"}', (Accepted,)),
    (400, an_error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", BAD_TOKEN), GONE),
    (400, an_error(400, "INVALID_ARGUMENT", None, BAD_TOKEN, FIELD), REJECT),
    (400, an_error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", BAD_TOKEN, FIELD), REJECT),
    (400, an_error(400, "INVALID_ARGUMENT", None, BAD_TOKEN), REJECT),
    (400, an_error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "Android message too big"), TOO_LARGE),
    (400, an_error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "something else"), REJECT),
    (401, an_error(401, "UNAUTHENTICATED"), CONFIG),
    (401, an_error(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"), CONFIG),
    (401, an_error(401, "UNAUTHENTICATED", "APNS_AUTH_ERROR"), CONFIG),
    (403, an_error(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"), GONE),
    (403, an_error(403, "PERMISSION_DENIED"), CONFIG),
    (404, an_error(404, "NOT_FOUND", "UNREGISTERED"), GONE),
    (404, an_error(404, "NOT_FOUND"), CONFIG),
    (404, b"<html>Not found</html>", CONFIG),
    (429, an_error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", "", QUOTA), IN_60_S),
    (429, an_error(429, "RESOURCE_EXHAUSTED"), IN_60_S),
    (429, b"", IN_60_S),
    (500, an_error(500, "INTERNAL", "INTERNAL"), IN_10_S),
    (500, b"oops", IN_10_S),
    (502, b"", IN_10_S),
    (503, an_error(503, "UNAVAILABLE", "UNAVAILABLE"), IN_10_S),
    (504, b"", IN_10_S),
    (410, b"", REJECT),
    (302, b"", CONFIG),
]


@pytest.mark.parametrize(("http", "body", "expected"), TABLE)
def test_the_table(http: int, body: bytes, expected: tuple[object, ...]) -> None:
    assert kind(receipt(http, {}, body, NOW_MS)) == expected


@pytest.mark.parametrize("http", [429, 500, 502, 503, 504])
@pytest.mark.parametrize(
    ("said", "after_ms"), [("3", 3_000), ("0", 0), ("Sun, 22 Nov 2026 10:00:30 GMT", 30_000)]
)
def test_the_services_own_wait_wins(http: int, said: str, after_ms: int) -> None:
    outcome = receipt(http, {"retry-after": said}, b"", NOW_MS)

    assert kind(outcome) == (Retry, Reason.PROVIDER_UNAVAILABLE, after_ms)


@pytest.mark.parametrize(
    ("said", "after_ms"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("²", None),
        (" 120 ", 120_000),
        ("Sun, 22 Nov 2026 09:00:00 GMT", 0),
        ("Sun, 22 Nov 2026 10:00:02 -0000", 2_000),
        ("Sun, 99 Nov 2026 10:00:02 GMT", None),
    ],
)
def test_retry_after(said: str | None, after_ms: int | None) -> None:
    """RFC 9110 section 10.2.3."""
    assert retry_after_ms(said, NOW_MS) == after_ms


def test_an_accepted_message_keeps_the_services_name() -> None:
    assert receipt(200, {}, b'{"name":"projects/p/messages/1"}', NOW_MS) == Accepted("projects/p/messages/1")


def test_an_acceptance_that_cannot_be_read_is_still_one() -> None:
    assert receipt(200, {}, b"\xff", NOW_MS) == Accepted("")


def test_a_refused_field_is_named() -> None:
    outcome = receipt(400, {}, an_error(400, "INVALID_ARGUMENT", None, "", FIELD), NOW_MS)

    assert isinstance(outcome, Rejected)
    assert "message.android.ttl" in outcome.detail


def test_whose_quota_it_is_is_said_without_the_token() -> None:
    outcome = receipt(429, {}, an_error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", "", QUOTA), NOW_MS)

    assert isinstance(outcome, Retry)
    assert "quota of the device" in outcome.detail
    assert "secret-token" not in outcome.detail


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        (an_error(401, "UNAUTHENTICATED"), True),
        (b"", True),
        (an_error(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"), False),
    ],
)
def test_only_a_refused_access_token_asks_for_another(body: bytes, refused: bool) -> None:
    assert refuses_access(401, body) is refused


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 502, 503, 504])
def test_the_sinks_errors_are_read_as_they_are_meant(status: int) -> None:
    expected = {400: GONE, 401: CONFIG, 403: GONE, 404: GONE, 429: IN_60_S}.get(status, IN_10_S)

    assert kind(receipt(status, {}, errors.by_status(status), NOW_MS)) == expected


@given(
    http=st.integers(200, 599),
    body=st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["error", "details", "@type", "status", "name"]), inner)
        ),
    ).map(msgspec.json.encode),
)
def test_no_answer_is_too_strange(http: int, body: bytes) -> None:
    assert isinstance(receipt(http, {}, body, NOW_MS), Accepted | Retry | Gone | Rejected)
