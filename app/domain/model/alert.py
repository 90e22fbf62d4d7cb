"""What a campaign's owner is told by mail: a closed set of happenings, each told once (C030, C161)."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class SafetyCheck(Struct, frozen=True, tag="safety_check", gc=False):
    """More people qualified for a run than `limits.safety` allows; nothing was sent (C029, C030)."""

    qualified: int
    limit: int


class LimitReached(Struct, frozen=True, tag="limit_reached", gc=False):
    """The campaign's total has been delivered, and it has ended (C024)."""

    total: int


class Surged(Struct, frozen=True, tag="surge", gc=False):
    """Far more qualified in an hour than usual, and the campaign is paused (C161).

    `usual`: a full such hour; `days`: over how many days that is the mean, 0 where the campaign says it itself.
    """

    hour_ms: int
    qualified: int
    usual: float
    times: float
    days: int


Happening = SafetyCheck | LimitReached | Surged


class Alert(Struct, frozen=True, omit_defaults=True, gc=False):
    """One happening of one campaign. `id` is derived, so that whoever decides it again tells the same one.

    `zone`: whose wall clock its times are told on.
    """

    id: str
    campaign: str
    name: str
    at_ms: int
    happening: Happening
    owner: str | None = None
    zone: str = "UTC"


class Posting(StrEnum):
    """What became of the mail of an alert. UNKNOWN: it left, and no answer came; it is not sent again."""

    WAITING = "waiting"
    SENT = "sent"
    UNKNOWN = "unknown"
    FAILED = "failed"
    NO_OWNER = "no_owner"
    NO_PROVIDER = "no_provider"


class AlertNote(Struct, frozen=True):
    """A campaign's latest alert, and what became of its mail by `at_ms`."""

    alert: Alert
    posting: Posting
    at_ms: int
    attempts: int = 0
    detail: str = ""
