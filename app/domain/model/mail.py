"""Mail to the users actor: what became of a message at one device, and that a token has moved away."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from app.domain.model.reason import Reason


class Result(StrEnum):
    """The end of a message at one device."""

    ACCEPTED = "accepted"
    GONE = "gone"
    FAILED = "failed"


class Outcome(Struct, frozen=True, tag="outcome", omit_defaults=True, gc=False):
    """A sender's last word on one message at one device. `unanswered`: a call was never answered, so a failure is not
    known to be one."""

    user: str
    message_id: str
    campaign: str
    device: str
    token: str
    transport: str
    result: Result
    attempts: int
    reason: Reason | None = None
    detail: str = ""
    unanswered: bool = False


class TokenMoved(Struct, frozen=True, tag="token_moved", gc=False):
    """The token of this device now belongs to another user: the device is suspended (C131)."""

    user: str
    device: str
    token: str


class TokenClaim(Struct, frozen=True, tag="token_claim", gc=False):
    """To the tokens actor: this user's device has this token now. `partition`: where the user lives."""

    token: str
    user: str
    device: str
    partition: int


UserMail = Outcome | TokenMoved
