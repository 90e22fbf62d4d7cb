"""FCM's error bodies (google.rpc.Status with its details), for refusals and for scripted answers.

https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

_TYPES = "type.googleapis.com/"
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong with a request: the path of the field, and what about it."""

    field: str
    description: str


def bad_request(violations: Sequence[Violation]) -> bytes:
    """400 for a request that is not of the schema, or breaks a rule of it."""
    named = [{"field": violation.field, "description": violation.description} for violation in violations]
    detail = {"@type": f"{_TYPES}google.rpc.BadRequest", "fieldViolations": named}
    return _error(400, "INVALID_ARGUMENT", "\n".join(each.description for each in violations), [detail])


def too_big(limit_bytes: int) -> bytes:
    """400 for a message over the limit."""
    said = f"Android message too big: a message has at most {limit_bytes} bytes"
    return _error(400, "INVALID_ARGUMENT", said, [_fcm_error("INVALID_ARGUMENT")])


def unauthenticated() -> bytes:
    """401 for a missing, unknown or expired access token."""
    said = "Request had invalid authentication credentials. Expected OAuth 2 access token."
    detail = {
        "@type": f"{_TYPES}google.rpc.ErrorInfo",
        "reason": "ACCESS_TOKEN_EXPIRED",
        "domain": "googleapis.com",
    }
    return _error(401, "UNAUTHENTICATED", said, [detail])


def by_status(status: int) -> bytes:
    """Return what FCM most likely means by `status`: the body of a scripted answer that names none itself."""
    if status == 401:  # noqa: PLR2004 - HTTP's own number
        return unauthenticated()
    name, code, said = _LIKELY.get(status, ("UNKNOWN", "UNSPECIFIED_ERROR", "Scripted."))
    return _error(status, name, said, [_fcm_error(code)])


_LIKELY = {
    400: (
        "INVALID_ARGUMENT",
        "INVALID_ARGUMENT",
        "The registration token is not a valid FCM registration token",
    ),
    403: ("PERMISSION_DENIED", "SENDER_ID_MISMATCH", "SenderId mismatch"),
    404: ("NOT_FOUND", "UNREGISTERED", "Requested entity was not found."),
    429: ("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", "Quota exceeded."),
    500: ("INTERNAL", "INTERNAL", "Internal error encountered."),
    502: ("UNAVAILABLE", "UNAVAILABLE", "The service is currently unavailable."),
    503: ("UNAVAILABLE", "UNAVAILABLE", "The service is currently unavailable."),
    504: ("UNAVAILABLE", "UNAVAILABLE", "The service is currently unavailable."),
}


def _fcm_error(code: str) -> dict[str, object]:
    return {"@type": f"{_TYPES}google.firebase.fcm.v1.FcmError", "errorCode": code}


def _error(code: int, status: str, message: str, details: Sequence[Mapping[str, object]]) -> bytes:
    return _encode({"error": {"code": code, "message": message, "status": status, "details": details}})
