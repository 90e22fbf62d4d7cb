"""What became of the dates that a user's last events told (C011), as far as the events and the answers tell."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.explain.model import Fate, Past
from app.domain.explain.timers import Ending, answered_earlier
from app.domain.model.event import Event
from app.domain.model.user import User
from app.domain.rules.answers import match_value
from app.domain.rules.due_dates import due_of
from app.domain.rules.plan import Plan


class Dates:
    """`zone`: whose clock counts for a date without a time, as of now."""

    def __init__(self, user: User, plan: Plan, past: Sequence[Past], zone: str) -> None:
        self._user = user
        self._plan = plan
        self._told = [each.event for each in past]
        self._zone = zone

    def ending_of(self, event: Event) -> Ending | None:
        """What ended the date of an event that triggered: it told none, a newer one did, or it was cancelled."""
        date = self._plan.date
        if date is None:
            return None
        due_ms = due_of(date, event.properties, self._zone)
        if due_ms is None:
            return Ending(Fate.NO_MATCH)
        newer = next((other for other in reversed(self._told) if self._is_newer(other, event)), None)
        if newer is not None:
            return Ending(Fate.REPLACED, newer, newer.time_ms)
        return answered_earlier(self._user, self._plan, event, due_ms)

    def _is_newer(self, other: Event, event: Event) -> bool:
        """Does it tell another date of the same booking, and later?"""
        date = self._plan.date
        return (
            date is not None
            and other.name == event.name
            and other.time_ms > event.time_ms
            and match_value(date.match, other.properties) == match_value(date.match, event.properties)
            and due_of(date, other.properties, self._zone) is not None
        )
