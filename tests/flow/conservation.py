"""C152 at all times, over decisions and over agendas: every message that qualified is in one place, and none is lost.

Independent of the tally's own sums: here each message has a place, and a step that does not lead on from there is a
fault.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType

from app.domain.model.decision import Decision, Step
from app.domain.model.user import Agenda, Held, OnItsWay
from tables.stats import Counts


class Place(StrEnum):
    """Where a message is."""

    NOWHERE = "nowhere"
    DECIDING = "being decided"
    HELD = "held"
    ON_ITS_WAY = "on its way"
    ACCEPTED = "accepted"
    FAILED = "failed"
    INBOX = "inbox only"
    DROPPED = "dropped"


LEADS: Mapping[Step, tuple[frozenset[Place], Place]] = MappingProxyType(
    {
        Step.QUALIFIED: (frozenset({Place.NOWHERE}), Place.DECIDING),
        Step.HELD: (frozenset({Place.DECIDING}), Place.HELD),
        Step.RELEASED: (frozenset({Place.HELD}), Place.DECIDING),
        Step.DROPPED: (frozenset({Place.DECIDING, Place.HELD}), Place.DROPPED),
        Step.SENT: (frozenset({Place.DECIDING}), Place.ON_ITS_WAY),
        Step.ACCEPTED: (frozenset({Place.ON_ITS_WAY}), Place.ACCEPTED),
        Step.FAILED: (frozenset({Place.ON_ITS_WAY}), Place.FAILED),
        Step.INBOX: (frozenset({Place.DECIDING}), Place.INBOX),
    }
)
"""From where a step leads, and to where. The other steps leave a message where it is."""


class Conservation:
    """The messages of any number of users and campaigns, by the decisions on them."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.places: dict[str, Place] = {}
        self._campaigns: dict[str, str] = {}
        self._counts: dict[str, Counts] = {}
        self._open: dict[str, set[str]] = {}
        self._copied: set[str] = set()

    def add(self, decision: Decision) -> None:
        """One decision, in the order in which they were made."""
        name, step = decision.message_id, decision.step
        self._counts.setdefault(decision.campaign, Counts()).add(decision)
        if step not in LEADS or self._is_beside(decision):
            return
        leads, to = LEADS[step]
        at = self.places.get(name, Place.NOWHERE)
        if at not in leads:
            self.faults.append(f"{name} was {at} and is {step}")
        self.places[name] = to
        self._campaigns[name] = decision.campaign
        known = self._open.setdefault(decision.user, set())
        known.add(name) if to in {Place.DECIDING, Place.HELD, Place.ON_ITS_WAY} else known.discard(name)

    def _is_beside(self, decision: Decision) -> bool:
        """An item in the inbox that is no place of its own: after a push that failed, or one copy beside a push."""
        if decision.step is not Step.INBOX:
            return False
        at, name = self.places.get(decision.message_id), decision.message_id
        if decision.detail != {"after": "copy"}:
            return at is Place.FAILED
        if at is not Place.ON_ITS_WAY or name in self._copied:
            return False
        self._copied.add(name)
        return True

    def of_campaigns(self) -> Iterator[str]:
        """Where the sums differ from the places: qualified = sent + inbox only + dropped + held + being decided."""
        told: dict[str, Counter[Place]] = {}
        for name, place in self.places.items():
            told.setdefault(self._campaigns[name], Counter())[place] += 1
        for campaign, at in told.items():
            counts = self._counts[campaign]
            sums = {
                "qualified": (counts.qualified, at.total()),
                "sent": (counts.sent, at[Place.ON_ITS_WAY] + at[Place.ACCEPTED] + at[Place.FAILED]),
                "accepted": (counts.accepted, at[Place.ACCEPTED]),
                "failed": (sum(counts.failed.values()), at[Place.FAILED]),
                "on their way": (counts.on_their_way, at[Place.ON_ITS_WAY]),
                "inbox only": (counts.inbox, at[Place.INBOX]),
                "dropped": (sum(counts.dropped.values()), at[Place.DROPPED]),
                "held": (counts.held_now, at[Place.HELD]),
                "gap": (counts.gap, at[Place.DECIDING]),
            }
            for what, (counted, is_there) in sums.items():
                if counted != is_there:
                    yield f"{campaign}: {what} is counted {counted}, and there are {is_there}"

    def of_user(self, user: str, agenda: Agenda | None) -> Iterator[str]:
        """Where a user's agenda differs from what was decided, once a turn is over."""
        entries = [] if agenda is None else agenda.entries
        found = {entry.message_id: Place.HELD for entry in entries if isinstance(entry, Held)}
        found |= {entry.message_id: Place.ON_ITS_WAY for entry in entries if isinstance(entry, OnItsWay)}
        known = {name: self.places[name] for name in self._open.get(user, ())}
        for name in sorted(found.keys() | known.keys()):
            if found.get(name) != known.get(name):
                agenda_says, was = found.get(name, Place.NOWHERE), known.get(name, self.places.get(name))
                yield f"{user}: {name} is {was} by what was decided, and {agenda_says} in the agenda"

    def users(self) -> set[str]:
        """Everybody on whom something was decided."""
        return set(self._open)
