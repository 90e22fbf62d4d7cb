"""The tally actor's state: counts per campaign, and where a user's and a campaign's last decisions stand."""

from __future__ import annotations

from msgspec import Struct, field

from app.domain.model.decision import Decision, Step
from app.turns.table import Table

LATEST = 32
COUNTED = frozenset({Step.QUALIFIED, Step.SENT, Step.ATTEMPTED, Step.ACCEPTED, Step.RETRIED})


class Counts(Struct, omit_defaults=True):
    """What a campaign's decisions add up to, in user-messages; `attempted` and `retried` in calls (C093-C099)."""

    qualified: int = 0
    held: int = 0
    held_now: int = 0
    sent: int = 0
    attempted: int = 0
    accepted: int = 0
    retried: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    inbox: int = 0
    inbox_after_sent: int = 0

    def add(self, decision: Decision) -> None:
        """Count one decision."""
        if decision.step in COUNTED:
            setattr(self, decision.step, getattr(self, decision.step) + 1)
        elif decision.step is Step.HELD:
            self.held_now += 1
            self.held += decision.detail is None
        elif decision.step is Step.RELEASED:
            self.held_now -= 1
        elif decision.step is Step.INBOX:
            self.inbox += decision.detail is None
            self.inbox_after_sent += decision.detail is not None
        elif decision.step in {Step.DROPPED, Step.FAILED}:
            self._lost(decision)

    def _lost(self, decision: Decision) -> None:
        into = self.dropped if decision.step is Step.DROPPED else self.failed
        reason = str(decision.reason)
        into[reason] = into.get(reason, 0) + 1
        if isinstance(decision.detail, dict) and decision.detail.get("held"):
            self.held_now -= 1

    def merge(self, other: Counts) -> None:
        """Add another partition's counts."""
        for name in ("qualified", "held", "held_now", "sent", "attempted", "accepted", "retried", "inbox",
                     "inbox_after_sent"):  # fmt: skip
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for mine, theirs in ((self.failed, other.failed), (self.dropped, other.dropped)):
            for reason, count in theirs.items():
                mine[reason] = mine.get(reason, 0) + count

    @property
    def on_their_way(self) -> int:
        """Sent, and neither accepted nor failed yet (C152)."""
        return self.sent - self.accepted - sum(self.failed.values())

    @property
    def gap(self) -> int:
        """What conservation misses: 0 at all times (C152)."""
        decided = self.sent + self.inbox + sum(self.dropped.values()) + self.held_now
        return self.qualified - decided


class Latest(Struct, array_like=True):
    """Offsets of the last decisions in this partition of `decisions`, oldest first."""

    offsets: list[int] = field(default_factory=list)


class CampaignCounts(Struct, frozen=True):
    """What `stats` holds: one partition's counts of one campaign. Add the partitions up."""

    campaign: str
    partition: int
    counts: Counts


COUNTS = Table("counts", b"\x10", Counts)
OF_USER = Table("of_user", b"\x11", Latest)
OF_CAMPAIGN = Table("of_campaign", b"\x12", Latest)
TABLES = (COUNTS, OF_USER, OF_CAMPAIGN)
