"""A campaign: WHO + WHEN + WHAT, frozen. One value is one version of one campaign (C157)."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from app.domain.model.condition import EVERYONE, AllOf, AnyOf, Condition, Leaf, NoneOf, Operator
from app.domain.model.push import AndroidOptions
from app.domain.model.surge import SurgeRule

__all__ = ["EVERYONE", "AllOf", "AnyOf", "Condition", "Leaf", "NoneOf", "Operator"]


class Repeat(StrEnum):
    """What a second trigger does to a running timer (C010)."""

    RESTART = "restart"
    KEEP_FIRST = "keep_first"
    EACH = "each"


class Unless(Struct, frozen=True):
    """The answer B that cancels: within `within_ms` of an inaction, up to the date of a date trigger (0 there).

    `match` is the property that correlates the two.
    """

    event: str
    within_ms: int
    match: str | None = None
    where: Condition = EVERYONE


class DateTrigger(Struct, frozen=True):
    """Qualifies at `offset_ms` from the date in a property of the event (C011); `match` tells two bookings apart.

    `at_minute`: the time of day, in the user's zone, of a date that has none.
    """

    property: str
    offset_ms: int = 0
    at_minute: int | None = None
    match: str | None = None


class When(Struct, frozen=True):
    """A live trigger on an event (C009), with `unless` an inaction within time (C010), with `delay_ms` C048.

    With `date` the event only tells a date, which triggers (C011).
    """

    event: str
    where: Condition = EVERYONE
    unless: Unless | None = None
    repeat: Repeat = Repeat.RESTART
    delay_ms: int = 0
    date: DateTrigger | None = None


class QuietThen(StrEnum):
    """What happens to a push in quiet hours."""

    HOLD = "hold"
    DROP = "drop"


class Quiet(Struct, frozen=True):
    """Quiet hours [from, to) in the user's zone, in minutes after midnight; may wrap midnight (C040-C042)."""

    from_minute: int
    to_minute: int
    then: QuietThen


class CutOff(Struct, frozen=True):
    """From when on nothing is sent (C043); exactly one is given.

    An instant, a time after the message was due, or the next such minute of the day on the user's clock.
    """

    at_ms: int | None = None
    after_ms: int | None = None
    minute: int | None = None


class Missing(StrEnum):
    """What an undefined variable does (C069-C072)."""

    DEFAULT = "default"
    DROP = "drop"


class Content(Struct, frozen=True):
    """WHAT: Liquid templates and the fields that are none."""

    title: str
    body: str
    link: str | None = None
    image: str | None = None
    data: dict[str, str] = {}
    collapse: str | None = None
    ttl_ms: int | None = None
    missing: Missing = Missing.DEFAULT
    silent: bool = False
    android: AndroidOptions | None = None


class Inbox(Struct, frozen=True):
    """The App Inbox (C107, C111-C114). `title`, `body`, `link`, `image` override those of the push.

    `copy`: an item beside the push, and both wait for the next launch of the app (C046-C048).
    """

    fallback: bool
    ttl_ms: int
    tags: tuple[str, ...] = ()
    title: str | None = None
    body: str | None = None
    link: str | None = None
    image: str | None = None
    colors: dict[str, str] = {}
    copy: bool = False


class Limits(Struct, frozen=True):
    """How many users a campaign may reach (C023-C027): in all, in a calendar day of its zone, each how often."""

    total: int | None = None
    daily: int | None = None
    per_user: int | None = None

    @property
    def is_shared(self) -> bool:
        """Is there a number that all partitions share?"""
        return self.total is not None or self.daily is not None

    @property
    def times(self) -> int | None:
        """How often one user may be reached: with a total once, unless it says more."""
        return 1 if self.per_user is None and self.total is not None else self.per_user


class Campaign(Struct, frozen=True):
    """One version. `starts_ms` and `ends_ms` bound when it may qualify anybody (C034).

    `control`: how many users of 10,000 get nothing, to be compared with (C159). `surge` None: it never pauses itself.
    """

    id: str
    name: str
    when: When
    what: Content
    who: Condition = EVERYONE
    owner: str | None = None
    zone: str | None = None
    starts_ms: int | None = None
    ends_ms: int | None = None
    quiet: Quiet | None = None
    ignore_caps: bool = False
    caps_count: bool = True
    inbox: Inbox | None = None
    cut_off: CutOff | None = None
    control: int = 0
    limits: Limits | None = None
    surge: SurgeRule | None = SurgeRule()


class Segment(Struct, frozen=True):
    """A saved segment: a condition under a name, which other conditions may use (C007)."""

    name: str
    who: Condition


class Status(StrEnum):
    """The lifecycle (C004)."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    LIVE = "live"
    PAUSED = "paused"
    ENDED = "ended"


class Cap(Struct, frozen=True):
    """At most `max` pushes per user: per calendar day in the user's zone, or in any `rolling_ms` (C031)."""

    max: int
    rolling_ms: int | None = None
