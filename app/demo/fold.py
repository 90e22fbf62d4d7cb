"""Decisions in, counts out: folding the decisions of a campaign gives its statistics, exactly (C152)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from app.domain.model.decision import Decision, Step

AFTER_SENT = "sent"


@dataclass(slots=True)
class Tally:
    """The counts of one campaign, in user-messages; `retried` counts calls."""

    qualified: int = 0
    sent: int = 0
    accepted: int = 0
    retried: int = 0
    inbox: int = 0
    inbox_after_sent: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    held: set[str] = field(default_factory=set)
    waiting: Counter[str] = field(default_factory=Counter)
    left: set[str] = field(default_factory=set)

    @property
    def still_held(self) -> int:
        """How many messages are held now."""
        return sum(times > 0 and message not in self.left for message, times in self.waiting.items())

    @property
    def undecided(self) -> int:
        """How many qualified messages are neither sent, nor in the inbox only, nor dropped."""
        inbox_only = self.inbox - self.inbox_after_sent
        return self.qualified - self.sent - inbox_only - self.dropped.total()

    @property
    def on_their_way(self) -> int:
        """How many sent messages have not ended."""
        return self.sent - self.accepted - self.failed.total()


class Fold:
    """All campaigns' tallies. A decision that comes twice counts once; their order does not matter."""

    def __init__(self, campaigns: Iterable[str] = ()) -> None:
        self.tallies: dict[str, Tally] = {campaign: Tally() for campaign in campaigns}
        self._seen: set[str] = set()

    def add(self, decision: Decision) -> None:
        """Count one decision."""
        if decision.id in self._seen:
            return
        self._seen.add(decision.id)
        tally = self.tallies.setdefault(decision.campaign, Tally())
        _count(tally, decision)
        _follow(tally, decision)

    def unfinished(self) -> list[str]:
        """Say for each campaign what has not ended; nothing, once everything has."""
        said = []
        for campaign, tally in sorted(self.tallies.items()):
            if tally.undecided or tally.still_held:
                said.append(f"{campaign}: {tally.undecided} undecided, {tally.still_held} of them held")
            if tally.on_their_way:
                said.append(f"{campaign}: {tally.on_their_way} sent, neither accepted nor failed")
        return said


def _count(tally: Tally, decision: Decision) -> None:
    match decision.step:
        case Step.QUALIFIED:
            tally.qualified += 1
        case Step.SENT:
            tally.sent += 1
        case Step.ACCEPTED:
            tally.accepted += 1
        case Step.RETRIED:
            tally.retried += 1
        case Step.INBOX:
            tally.inbox += 1
            tally.inbox_after_sent += _was_sent(decision)
        case _:
            pass


def _follow(tally: Tally, decision: Decision) -> None:
    match decision.step:
        case Step.HELD:
            tally.held.add(decision.message_id)
            tally.waiting[decision.message_id] += 1
        case Step.RELEASED:
            tally.waiting[decision.message_id] -= 1
        case Step.DROPPED:
            tally.dropped[_reason(decision)] += 1
            tally.left.add(decision.message_id)
        case Step.FAILED:
            tally.failed[_reason(decision)] += 1
        case Step.SENT | Step.INBOX:
            tally.left.add(decision.message_id)
        case _:
            pass


def _was_sent(decision: Decision) -> bool:
    return isinstance(decision.detail, dict) and decision.detail.get("after") == AFTER_SENT


def _reason(decision: Decision) -> str:
    return decision.reason.value if decision.reason is not None else "unknown"
