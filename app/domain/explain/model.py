"""What an explanation is asked with, and what it says."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field

from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Status
from app.domain.model.decision import Decision
from app.domain.model.event import Event
from app.domain.model.quota import Lease
from app.domain.model.user import User
from app.domain.rules.findings import Finding
from app.domain.rules.plan import Catalog


class Past(Struct, frozen=True):
    """One of the user's last events, read back: where it stands, and the campaigns at that place in the log."""

    event: Event
    offset: int
    catalog: Catalog
    now_ms: int


class Lifecycle(Struct, frozen=True):
    """How the campaign stands now, since when, and why if somebody said so."""

    status: Status
    since_ms: int | None = None
    reason: str | None = None


class Case(Struct, frozen=True):
    """Everything that an explanation rests on.

    `past`: the last events that the log still has, in its order; `gone`: how many it no longer has; `decisions`: those
    on this user and campaign, oldest first, None where they cannot be read at the moment; `lease`: what the user's
    partition holds of the campaign's limits.
    """

    campaign: str
    user: User
    past: tuple[Past, ...]
    gone: int
    catalog: Catalog
    lifecycle: Lifecycle
    rules: AppRules
    now_ms: int
    decisions: tuple[Decision, ...] | None = ()
    lease: Lease = field(default_factory=Lease)


class Fate(StrEnum):
    """What one event did, as far as this campaign is concerned."""

    OTHER = "other"
    NOT_LIVE = "not_live"
    SURGE = "surge"
    NO_MATCH = "no_match"
    OUTSIDE_SCHEDULE = "outside_schedule"
    TOO_LATE = "too_late"
    NOT_IN_AUDIENCE = "not_in_audience"
    WAITS = "waits"
    ANSWERED = "answered"
    REPLACED = "replaced"
    LEFT_TO_FIRST = "left_to_first"
    QUALIFIED = "qualified"
    UNKNOWN = "unknown"
    ANSWERS = "answers"


class JudgedEvent(Struct, frozen=True):
    """One event and what it did. `where`: the condition on its properties, leaf by leaf; `version`: of the campaign."""

    id: str
    name: str
    time_ms: int
    offset: int
    fate: Fate
    sentence: str
    version: int | None = None
    where: Finding | None = None


class Timer(Struct, frozen=True):
    """Something of this campaign that is open for the user: what armed it, and what it waits for or is answered by."""

    kind: str
    event: str
    event_id: str
    event_ms: int
    version: int
    sentence: str
    due_ms: int | None = None
    message_id: str | None = None


class GuardAnswer(Struct, frozen=True):
    """What one guard says as of now: `clear`, `hold` or `drop`, with its reason, and the figures behind it."""

    guard: str
    question: str
    answer: str
    detail: str = ""
    reason: str | None = None
    sentence: str | None = None
    until_ms: int | None = None


class DeviceAnswer(Struct, frozen=True):
    """May a push go to this device? `reason`: why not; `is_chosen`: WHO holds for it."""

    device: str
    platform: str
    reason: str | None = None
    sentence: str | None = None
    is_chosen: bool = True


class Verdict(StrEnum):
    """The whole in one word."""

    SENT = "sent"
    INBOX = "inbox"
    ON_ITS_WAY = "on_its_way"
    HELD = "held"
    WAITING = "waiting"
    FAILED = "failed"
    NOT_SENT = "not_sent"


class Explained(Struct, frozen=True):
    """The explanation. `audience` and `guards` are as of now (`now_ms`), whatever they were when an event came.

    `audience_device`: for which device the audience is told, where it asks about devices. `zone_source`: whose zone it
    is, the user's own or what stands in for it (C044).
    """

    user: str
    campaign: str
    name: str
    status: str
    since_ms: int | None
    version: int | None
    now_ms: int
    zone: str
    verdict: Verdict
    sentence: str
    reason: str | None
    trigger: str
    audience: Finding
    events: tuple[JudgedEvent, ...]
    events_gone: int
    timers: tuple[Timer, ...]
    guards: tuple[GuardAnswer, ...]
    devices: tuple[DeviceAnswer, ...]
    audience_device: str | None = None
    zone_source: str = ""
