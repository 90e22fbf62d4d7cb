"""The app's throttle at work: what the coordinator knows, what a sender's partition holds, what they say (C049).

Tokens are lent for one interval, named by its end, and are void when it closes. A token pays for one user-message at
one time: for all of its devices that are to be called then.
"""

from __future__ import annotations

from msgspec import Struct, field


class Lending(Struct, array_like=True, gc=False):
    """The coordinator: the interval that it lends for, under which rule, and who wants how many.

    `lent`: in this interval, less what came back unused. `paced_from`, `paced_base`: the slice of the interval since
    which more was wanted than there was, and what had been lent before it. `rounds`: how often it has dealt, so that
    nobody is always first.
    """

    starts_ms: int = 0
    ends_ms: int = 0
    max: int = 0
    lent: int = 0
    paced_from: int = 0
    paced_base: int = 0
    rounds: int = 0
    wants: dict[str, int] = field(default_factory=dict)
    look_ms: int = 0


class Gate(Struct, array_like=True, gc=False):
    """A sender's partition: its tokens of the interval that ends at `ends_ms`, and the numbers of those who wait.

    `told`: for how many it has asked and got no answer. `heads`, `tails`: of each lane, the first who waits and the
    next to come. `look_ms`: when it looks again by itself.
    """

    ends_ms: int = 0
    opens_ms: int = 0
    closes_ms: int = 0
    available: int = 0
    told: int = 0
    heads: list[int] = field(default_factory=list)
    tails: list[int] = field(default_factory=list)
    look_ms: int = 0


class Ticket(Struct, array_like=True, gc=False):
    """A user-message that waits for a token: since when, where in the queue, and for which of its devices."""

    lane: int
    number: int
    since_ms: int
    devices: list[str]


class Place(Struct, array_like=True, frozen=True, gc=False):
    """Whose place in the queue it is."""

    message_id: str


class Ask(Struct, frozen=True, tag="throttle_ask", omit_defaults=True, gc=False):
    """A sender's partition to the coordinator: it wants so many more (`is_anew`: in all), and gives back `returned`
    tokens of the interval that ends at `ends_ms`."""

    transport: str
    partition: int
    wants: int = 0
    is_anew: bool = False
    returned: int = 0
    ends_ms: int = 0


class Grant(Struct, frozen=True, tag="throttle_grant", gc=False):
    """The coordinator to a sender's partition: tokens for calls that leave from `opens_ms` on, before `closes_ms`."""

    ends_ms: int
    opens_ms: int
    closes_ms: int
    amount: int
