"""Past behaviour of one user: counters of what campaigns and segments ask about, not raw events (C012-C013)."""

from __future__ import annotations

from msgspec import Struct, field


class Counter(Struct, array_like=True, gc=False):
    """How often and when one kind of event happened; the same whatever the order in which events came.

    `since_ms`: counted are events that Kafka took from then on, and with `filled` those before it, too. `recent`: the
    latest times, ascending; `days`: how many of the earlier ones on each day since the epoch.
    """

    since_ms: int = 0
    total: int = 0
    first_ms: int = 0
    last_ms: int = 0
    recent: list[int] = field(default_factory=list)
    days: dict[int, int] = field(default_factory=dict)
    filled: bool = False


class History(Struct, array_like=True, gc=False):
    """A user's counters, by the key of their kind."""

    counters: dict[str, Counter] = field(default_factory=dict)
