"""What FCM's answers mean. Pure.

Error codes: https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode
Handling:    https://firebase.google.com/docs/cloud-messaging/error-codes
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Any, assert_never

import msgspec

from app.domain.model.reason import Reason
from app.domain.model.receipt import Accepted, Gone, Receipt, Rejected, Retry

FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
QUOTA_FAILURE = "type.googleapis.com/google.rpc.QuotaFailure"
BAD_TOKEN_TEXT = "not a valid fcm registration token"  # noqa: S105 - what FCM says of a token, and none itself
TOO_BIG_TEXT = "message too big"
MESSAGE_LIMIT = 200  # characters of one part of a detail
_MS_PER_S = 1_000


class Reaction(StrEnum):
    """What is to be done."""

    ACCEPT = "accept"
    RETRY_SOON = "retry, not before 10 s"
    RETRY_QUOTA = "retry, not before 60 s"
    GONE = "the token is dead"
    REJECT = "the message is wrong"
    SHRINK = "the message is too big"
    REFRESH = "the access token was refused"
    CONFIG = "credentials or project are wrong"


# A rule holds until the service says otherwise by Retry-After.
WAITS_MS = {Reaction.RETRY_SOON: 10_000, Reaction.RETRY_QUOTA: 60_000}

# The error code of FCM itself decides first ...
BY_ERROR_CODE = {
    "UNREGISTERED": Reaction.GONE,
    "SENDER_ID_MISMATCH": Reaction.GONE,  # the token is another app's
    "THIRD_PARTY_AUTH_ERROR": Reaction.CONFIG,
    "APNS_AUTH_ERROR": Reaction.CONFIG,  # its former name
    "QUOTA_EXCEEDED": Reaction.RETRY_QUOTA,
    "UNAVAILABLE": Reaction.RETRY_SOON,
    "INTERNAL": Reaction.RETRY_SOON,
}
# ... then the status of the answer's body ...
BY_STATUS = {
    "UNAUTHENTICATED": Reaction.REFRESH,
    "PERMISSION_DENIED": Reaction.CONFIG,
    "NOT_FOUND": Reaction.CONFIG,  # a project or a path; only UNREGISTERED means a token
    "RESOURCE_EXHAUSTED": Reaction.RETRY_QUOTA,
    "UNAVAILABLE": Reaction.RETRY_SOON,
    "INTERNAL": Reaction.RETRY_SOON,
}
# ... then the HTTP status. What is not here goes by its hundreds.
BY_HTTP = {
    401: Reaction.REFRESH,
    403: Reaction.CONFIG,
    404: Reaction.CONFIG,
    429: Reaction.RETRY_QUOTA,
}
BY_HUNDREDS = {2: Reaction.ACCEPT, 3: Reaction.CONFIG, 4: Reaction.REJECT, 5: Reaction.RETRY_SOON}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of FCM, taken apart. `said` may repeat what was sent: show it only where no token can be."""

    http: int
    status: str = ""
    error_code: str = ""
    said: str = ""
    fields: tuple[str, ...] = ()
    quota: str = ""
    name: str = ""


def read(http: int, body: bytes) -> Reply:
    """Take an answer apart; what is not in the form of FCM leaves its fields empty."""
    document = _document(body)
    if 200 <= http < 300:  # noqa: PLR2004 - HTTP's own hundreds
        return Reply(http, name=_text(document.get("name")))
    error = _mapping(document.get("error"))
    details = {_text(detail.get("@type")): detail for detail in _mappings(error.get("details"))}
    violations = _mappings(details.get(BAD_REQUEST, {}).get("fieldViolations"))
    quotas = _mappings(details.get(QUOTA_FAILURE, {}).get("violations"))
    return Reply(
        http,
        status=_text(error.get("status")),
        error_code=_text(details.get(FCM_ERROR, {}).get("errorCode")),
        said=_text(error.get("message"))[:MESSAGE_LIMIT],
        fields=tuple(_text(violation.get("field")) for violation in violations),
        quota=_text(quotas[0].get("subject")).partition(":")[0] if quotas else "",
    )


def reaction(reply: Reply) -> Reaction:
    """Classify by FCM's error code, then the body's status, then the HTTP status."""
    if 200 <= reply.http < 300:  # noqa: PLR2004 - HTTP's own hundreds
        return Reaction.ACCEPT
    if reply.status == "INVALID_ARGUMENT" or reply.error_code == "INVALID_ARGUMENT":
        return _invalid(reply)
    found = BY_ERROR_CODE.get(reply.error_code) or BY_STATUS.get(reply.status) or BY_HTTP.get(reply.http)
    return found or BY_HUNDREDS.get(reply.http // 100, Reaction.RETRY_SOON)


def _invalid(reply: Reply) -> Reaction:
    """Three different things are INVALID_ARGUMENT. A field of the request is never taken for a dead token."""
    said = reply.said.lower()
    if TOO_BIG_TEXT in said:
        return Reaction.SHRINK
    if reply.error_code and not reply.fields and BAD_TOKEN_TEXT in said:
        return Reaction.GONE
    return Reaction.REJECT


def receipt(http: int, headers: Mapping[str, str], body: bytes, now_ms: int) -> Receipt:
    """Say what an answer means for the message. `headers` are asked in lower case; `now_ms` is wall clock."""
    reply = read(http, body)
    react = reaction(reply)
    detail = _detail(reply)
    asked_ms = retry_after_ms(headers.get("retry-after"), now_ms)
    match react:
        case Reaction.ACCEPT:
            return Accepted(reply.name)
        case Reaction.GONE:
            return Gone(detail)
        case Reaction.SHRINK:
            return Rejected(Reason.PAYLOAD_TOO_LARGE, detail)
        case Reaction.REJECT:
            return Rejected(Reason.PROVIDER_REJECTED, detail)
        case Reaction.RETRY_SOON | Reaction.RETRY_QUOTA:
            wait_ms = WAITS_MS[react] if asked_ms is None else asked_ms
            return Retry(Reason.PROVIDER_UNAVAILABLE, wait_ms, detail)
        case Reaction.REFRESH | Reaction.CONFIG:
            return Retry(Reason.PROVIDER_UNAVAILABLE, asked_ms, detail)
    assert_never(react)


def refuses_access(http: int, body: bytes) -> bool:
    """Whether another access token may help (401, unless a platform's own credentials were refused)."""
    return http == HTTPStatus.UNAUTHORIZED and reaction(read(http, body)) is Reaction.REFRESH


def retry_after_ms(value: str | None, now_ms: int) -> int | None:
    """Read `Retry-After` (RFC 9110 section 10.2.3), seconds or a date, as ms from now; None if neither."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return int(text[:10]) * _MS_PER_S
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    until = until if until.tzinfo is not None else until.replace(tzinfo=UTC)
    return max(0, round(until.timestamp() * _MS_PER_S) - now_ms)


def _detail(reply: Reply) -> str:
    """For the engineer: codes and field names; the service's words only where they concern no token."""
    parts = [f"FCM {reply.http}", reply.error_code or reply.status, ", ".join(reply.fields)[:MESSAGE_LIMIT]]
    if reply.quota:
        parts.append(f"quota of the {reply.quota}")
    if reaction(reply) in (Reaction.CONFIG, Reaction.REFRESH):
        parts += ["config: credentials or project refused", reply.said]
    return ": ".join(part for part in parts if part)


def _document(body: bytes) -> dict[str, Any]:
    try:
        return _mapping(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: object) -> list[dict[str, Any]]:
    return [_mapping(item) for item in value] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
