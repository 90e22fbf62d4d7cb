"""A campaign's limits at work: what a users partition holds of them, what the coordinator knows, what they say.

A limit is lent out. The coordinator lends parts of it to users partitions; a partition takes one for each message that
it sends, and says what was used and what it gives back. Mail between the two arrives once and in order, so that both
sides count the same: used + lent is never more than the limit. A daily limit is lent for a day of the campaign's zone.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field

from app.domain.model.reason import Reason

FOR_GOOD = 0
"""The period of a campaign without a daily limit; another period is a day, by its first instant."""

NOT_COUNTED = -1
"""The period of a message that takes nothing of any limit."""


class Share(Struct, array_like=True, gc=False):
    """What one users partition holds of one campaign in one period.

    `available`: lent and free. `in_flight`: taken by messages whose end is not known. `used`, `returned`: not told to
    the coordinator yet. `told`: for how many it has been asked. `head`, `tail`: the numbers of the first who waits and
    of the next to come. `again_to`: those below this number are judged again, whatever is free. `serving`: how many
    have been called up. `scarce`: others wait, keep nothing. `spent`: nothing will come any more. `total`, `daily`: the
    limits under which it was lent; under others it is void.
    """

    available: int = 0
    in_flight: int = 0
    used: int = 0
    returned: int = 0
    told: int = 0
    head: int = 0
    tail: int = 0
    again_to: int = 0
    serving: int = 0
    scarce: bool = False
    spent: Reason | None = None
    total: int | None = None
    daily: int | None = None


class Lease(Struct, array_like=True, gc=False):
    """What one users partition holds of one campaign, by period."""

    shares: dict[int, Share] = field(default_factory=dict)


class Waiter(Struct, array_like=True, frozen=True, gc=False):
    """A held message that waits for its turn."""

    user: str
    message_id: str


class Holder(Struct, array_like=True, gc=False):
    """A users partition as the coordinator knows it: what it was lent and has not accounted for, how many it wants."""

    lent: int = 0
    wants: int = 0
    scarce: bool = False


class Period(Struct, array_like=True, gc=False):
    """What of one day (or for good) is used, and who holds the rest."""

    used: int = 0
    holders: dict[int, Holder] = field(default_factory=dict)


class Quota(Struct, array_like=True, gc=False):
    """What the coordinator knows of one campaign. `look_ms`: when it looks at the campaign again by itself.

    `ended_ms`: when it last wrote that the limit is reached. `closed`: the campaign has ended, and everybody knows.
    """

    periods: dict[int, Period] = field(default_factory=dict)
    look_ms: int = 0
    ended_ms: int = 0
    closed: bool = False


class Report(Struct, frozen=True, tag="report", omit_defaults=True, gc=False):
    """A users partition to the coordinator: this much more was used, is given back, is wanted (less, if negative)."""

    campaign: str
    partition: int
    period: int
    used: int = 0
    returned: int = 0
    wants: int = 0


class Word(StrEnum):
    """What the coordinator says. LENT: `amount` more. WANTED_BACK: others wait. SPENT: all is used.

    AGAIN: judge those who wait again, for it is no limit that keeps them (paused, ended, a version without limits).
    """

    LENT = "lent"
    WANTED_BACK = "wanted_back"
    SPENT = "spent"
    AGAIN = "again"


class Loan(Struct, frozen=True, tag="loan", omit_defaults=True, gc=False):
    """The coordinator to a users partition, under which limits it speaks."""

    campaign: str
    period: int
    word: Word
    amount: int = 0
    scarce: bool = False
    reason: Reason | None = None
    total: int | None = None
    daily: int | None = None


class CallUp(Struct, frozen=True, tag="call_up", gc=False):
    """A users partition to itself: it is the turn of the next who waits."""

    campaign: str
    period: int


PartitionMail = Loan | CallUp
