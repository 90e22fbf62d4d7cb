"""What became of each message, and the counts and sets that follow from it."""

from __future__ import annotations

import base64
import hashlib
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

INBOX_KEEPS = 200
CAMPAIGNS = ("cart-reminder", "night-owl", "payment-help", "welcome-offer")


@dataclass(frozen=True)
class Outcome:
    """One qualified message: `end` is `sent`, `inbox`, `user_cap`, or `held` while nothing releases it."""

    campaign: str
    user: str
    row: int
    end: str
    at_s: int
    was_held: bool = False

    @property
    def message_id(self) -> str:
        """The derived id: a hash of campaign, user, trigger and step."""
        source = "\x00".join((self.campaign, self.user, f"row-{self.row}", "0"))
        return base64.urlsafe_b64encode(hashlib.sha256(source.encode()).digest()).decode()[:24]

    @property
    def token(self) -> str:
        """The token of the user's one device."""
        return f"tok-{self.user}"


def message_ids(outcomes: Iterable[Outcome], *ends: str) -> dict[str, set[str]]:
    """Return the ids by campaign of those that ended so; without `ends`, of all."""
    found: dict[str, set[str]] = {campaign: set() for campaign in CAMPAIGNS}
    for outcome in outcomes:
        if not ends or outcome.end in ends:
            found[outcome.campaign].add(outcome.message_id)
    return found


def boxed(outcomes: Iterable[Outcome]) -> set[str]:
    """Return the ids of what lies in inboxes at the end: of each user the newest, in the order in which they ended."""
    of_user: defaultdict[str, deque[str]] = defaultdict(lambda: deque(maxlen=INBOX_KEEPS))
    for outcome in outcomes:
        if outcome.end == "inbox":
            of_user[outcome.user].append(outcome.message_id)
    return {each for ids in of_user.values() for each in ids}


def shown(outcomes: Iterable[Outcome]) -> dict[str, str]:
    """Return message id -> token of every push that the push service must accept, each exactly once."""
    return {each.message_id: each.token for each in outcomes if each.end == "sent"}


def retried(outcomes: Iterable[Outcome]) -> int:
    """Count the calls made again: the first to each token whose user id ends in 3 is refused once."""
    return len({each.token for each in outcomes if each.end == "sent" and each.user.endswith("3")})


def summary(outcomes: list[Outcome], events: int) -> dict[str, Any]:
    """Return the demo's summary without its seconds; `retried` only as the sum over the campaigns."""
    return {
        "events": events,
        "retried": retried(outcomes),
        "campaigns": {
            campaign: _counts([each for each in outcomes if each.campaign == campaign])
            for campaign in CAMPAIGNS
        },
    }


def comparable(told: Mapping[str, Any]) -> dict[str, Any]:
    """Bring a summary that the demo told into the form of ours: no seconds, one sum of `retried`."""
    campaigns = {name: dict(counts) for name, counts in told["campaigns"].items()}
    again = sum(counts.pop("retried") for counts in campaigns.values())
    return {"events": told["events"], "retried": again, "campaigns": campaigns}


def _counts(outcomes: list[Outcome]) -> dict[str, Any]:
    ends = [each.end for each in outcomes]
    capped = ends.count("user_cap")
    return {
        "qualified": len(outcomes),
        "held": sum(each.was_held for each in outcomes),
        "sent": ends.count("sent"),
        "accepted": ends.count("sent"),
        "failed": {},
        "dropped": {"user_cap": capped} if capped else {},
        "inbox": ends.count("inbox"),
    }
