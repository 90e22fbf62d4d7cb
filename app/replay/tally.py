"""What a replay adds up to, for each campaign. Tallies of several partitions add up, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from msgspec import Struct, field

from app.domain.model.app_rules import AppRules
from app.domain.model.decision import Step
from app.domain.model.effect import Effect, Record
from app.domain.model.reason import Reason
from app.domain.model.user import Held, User, Waiting
from app.domain.rules.plan import Catalog
from app.domain.rules.zones import local
from app.replay.arrivals import Arrival, End, arrivals
from app.replay.engine import Replay
from app.replay.reach import Reach

PEAK_MS = 900_000
K = TypeVar("K", str, int)


class Row(Struct, frozen=True, array_like=True, gc=False):
    """One message that ended."""

    at_ms: int
    user: str
    campaign: str
    end: End
    message_id: str
    reason: Reason | None = None
    title: str | None = None


class Sums(Struct):
    """Of one campaign: user-messages, and users. `held` and `waiting` are what the end of the log left open.

    `peaks`: pushes by the quarter of an hour in which they were cleared; `days`: by day in the app's zone and end.
    """

    qualified: int = 0
    push: int = 0
    inbox: int = 0
    drop: int = 0
    held: int = 0
    waiting: int = 0
    users: int = 0
    users_pushed: int = 0
    users_reachable: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    days: dict[str, dict[str, int]] = field(default_factory=dict)
    peaks: dict[int, int] = field(default_factory=dict)

    def add(self, other: Sums) -> None:
        """Take the sums of other users in."""
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        _add(self.reasons, other.reasons)
        _add(self.peaks, other.peaks)
        for day, ends in other.days.items():
            _add(self.days.setdefault(day, {}), ends)

    def peak(self) -> tuple[int, int | None]:
        """(most pushes within a quarter of an hour, when the first such began)."""
        best = min(self.peaks, key=lambda start_ms: (-self.peaks[start_ms], start_ms), default=None)
        return (0, None) if best is None else (self.peaks[best], best)


COUNTS = ("qualified", "push", "inbox", "drop", "held", "waiting", "users", "users_pushed", "users_reachable")


def _add(into: dict[K, int], more: Mapping[K, int]) -> None:
    for key, count in more.items():
        into[key] = into.get(key, 0) + count


class Tally:
    """Hears of every step of one partition's replay. `close` asks what is left open at its end."""

    def __init__(self, campaigns: Sequence[str], catalog: Catalog, rules: AppRules) -> None:
        self.sums = {campaign: Sums() for campaign in campaigns}
        self.rows: list[Row] = []
        self._zone = rules.zone
        self._reach = Reach(campaigns, catalog, rules)
        self._pushed: dict[str, set[str]] = {campaign: set() for campaign in self.sums}

    def told(self, user: User, effects: Sequence[Effect], now_ms: int) -> None:
        """One step's effects."""
        for effect in effects:
            if isinstance(effect, Record) and effect.decision.step is Step.QUALIFIED:
                campaign = effect.decision.campaign
                if campaign in self.sums:
                    self.sums[campaign].qualified += 1
                    self._reach.qualified(campaign, user, now_ms)
        for arrival in arrivals(effects):
            if arrival.campaign in self.sums:
                self._count(arrival)

    def _count(self, each: Arrival) -> None:
        title = each.content.get("title")
        self.rows.append(
            Row(each.at_ms, each.user, each.campaign, each.end, each.message_id, each.reason, title)
        )
        sums = self.sums[each.campaign]
        day = local(each.at_ms, self._zone).date().isoformat()
        _add(sums.days.setdefault(day, {}), {each.end.value: 1})
        match each.end:
            case End.PUSH:
                sums.push += 1
                _add(sums.peaks, {each.at_ms - each.at_ms % PEAK_MS: 1})
                self._pushed[each.campaign].add(each.user)
            case End.INBOX:
                sums.inbox += 1
            case End.DROP:
                sums.drop += 1
                _add(sums.reasons, {str(each.reason): 1})

    def close(self, replay: Replay) -> None:
        """The log has ended: what waits still, and who of those that qualified can be reached by push now (C014)."""
        for user in replay.waiting():
            for entry in user.agenda.entries:
                sums = self.sums.get(entry.campaign)
                if sums is not None:
                    sums.held += isinstance(entry, Held)
                    sums.waiting += isinstance(entry, Waiting)
        for campaign, sums in self.sums.items():
            sums.users, sums.users_pushed = self._reach.count(campaign), len(self._pushed[campaign])
            sums.users_reachable = self._reach.reachable(campaign, replay.users, replay.clock_ms)
