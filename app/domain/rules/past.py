"""Counting out of the log what happened before anybody asked, so that a new condition knows the past (C012).

Live counting takes what Kafka took from a kind's `since_ms` on; this takes what it took before. Nothing is counted
twice, wherever the workers stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from app.domain.model.event import Event
from app.domain.model.history import Counter
from app.domain.model.user import Activity
from app.domain.rules import history, recent
from app.domain.rules.counting import Counted, is_of


class _Seen(NamedTuple):
    activity: Activity
    counters: dict[str, Counter]


class Past:
    """The counts of the users of one partition; half a kilobyte for each user."""

    def __init__(self, counted: Counted) -> None:
        self._counted = counted
        self._users: dict[str, _Seen] = {}
        self.events = 0

    def take(self, event: Event) -> None:
        """One event, in the order of the log: repeats are left out as they were when they came."""
        seen = self._users.get(event.user)
        if seen is None:
            seen = self._users[event.user] = _Seen(Activity(), {})
        if not recent.is_new(seen.activity, event.message_id) or event.name is None:
            return
        for kind in self._counted.by_event.get(event.name, ()):
            if event.recorded_ms < kind.since_ms and is_of(kind, event):
                counter = seen.counters.get(kind.key)
                if counter is None:
                    counter = seen.counters[kind.key] = Counter(kind.since_ms)
                history.add(counter, event.time_ms, kind.reach)
                self.events += 1

    def found(self) -> Iterator[tuple[str, dict[str, Counter]]]:
        """Every user of whom something was counted."""
        for user, seen in self._users.items():
            if seen.counters:
                yield user, seen.counters
