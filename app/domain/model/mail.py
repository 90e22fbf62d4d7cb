"""Mail to the users actor: what became of a message at one device, a token that moved, and ids that are one person."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from app.domain.model.event import Event
from app.domain.model.history import Counter
from app.domain.model.reason import Reason
from app.domain.model.user import Activity, Device, Entry, Inherited, Started


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
    """The token of this device now belongs to another user: the device is suspended (C131).

    `to`, `to_device`: who has it now; this very user and device where that is the answer to a claim.
    """

    user: str
    device: str
    token: str
    to: str = ""
    to_device: str = ""


class TokenClaim(Struct, frozen=True, tag="token_claim", gc=False):
    """To the tokens actor: this user's device has this token now. `partition`: where the user lives.

    `instead_of`: only where one of these ids has it with the same device, or nobody does; empty: whoever has it.
    """

    token: str
    user: str
    device: str
    partition: int
    instead_of: tuple[str, ...] = ()


class IdClaim(Struct, frozen=True, tag="id_claim", gc=False):
    """This id belongs to the user `by`, who lives in `partition`: it gives them what it has, and forwards."""

    user: str
    by: str
    partition: int
    claimed_ms: int


class Heritage(Struct, frozen=True, tag="heritage", gc=False):
    """What a claimed id had, or a part of it, for the user who claimed it.

    `origins`: the ids that it comes from, and when each was claimed. `said`: traits, zone and locale by name.
    `started`: what late events may still ask about, by campaign.
    """

    user: str
    origins: dict[str, int]
    said: dict[str, Inherited]
    devices: list[Device]
    activity: Activity
    entries: list[Entry]
    counters: dict[str, Counter] = {}
    started: dict[str, list[Started]] = {}


class PassedOn(Struct, frozen=True, tag="passed_on", gc=False):
    """An event that came under a claimed id, whole. `of`: the id it came under, claimed at `claimed_ms`."""

    user: str
    event: Event
    of: str
    claimed_ms: int


class PastCounted(Struct, frozen=True, tag="past_counted", gc=False):
    """What a user had done before live counting began, by kind: read out of the log (`campaign backfill`)."""

    user: str
    counters: dict[str, Counter]


UserMail = Outcome | TokenMoved | IdClaim | Heritage | PassedOn | PastCounted
