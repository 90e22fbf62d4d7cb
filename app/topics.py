"""Every topic that Carillon reads or owns: its name, and how `setup` makes it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import NamedTuple

ACTORS = ("users", "campaigns", "fcm", "email", "inbox", "tokens", "tally")
"""Every kind of actor that has a journal. `fcm` is the sender of that provider, `email` that of mails to owners."""

_JOURNAL = {
    "cleanup.policy": "compact",
    "message.timestamp.type": "LogAppendTime",
    "segment.bytes": str(64 << 20),
    "min.cleanable.dirty.ratio": "0.1",
    "max.message.bytes": str(4 << 20),
}
_MAILBOX = {"retention.ms": "-1", "message.timestamp.type": "LogAppendTime"}
_KEPT = {"retention.ms": str(30 * 86_400_000)}
_COMPACTED = {"cleanup.policy": "compact", "message.timestamp.type": "LogAppendTime"}


THROTTLE_KEY = b"@throttle"
"""Under this key the coordinator knows the app's throttle; no campaign's id begins so."""


def coordinator_of(campaign: bytes, partitions: int) -> int:
    """In which partition of the coordinator a campaign is, or the throttle."""
    return int.from_bytes(blake2b(campaign, digest_size=4).digest(), "big") % partitions


class Spec(NamedTuple):
    """A topic as `setup` makes it."""

    name: str
    partitions: int
    config: dict[str, str]


@dataclass(frozen=True)
class Topics:
    """The names, all derived from the app's name; `events` is named by the operator."""

    app: str
    events: str

    @cached_property
    def campaigns(self) -> str:
        """Definitions and statuses of campaigns, and the settings that decide; compacted, one partition."""
        return f"{self.app}.campaigns"

    @cached_property
    def users_mail(self) -> str:
        """To the users actor: outcomes, moved tokens, and what ids of one person tell one another."""
        return f"{self.app}.users.mail"

    @cached_property
    def campaigns_mail(self) -> str:
        """To the coordinator of campaigns: what users partitions used of a limit, give back and want; senders of the
        throttle; and who qualified."""
        return f"{self.app}.campaigns.mail"

    @cached_property
    def tokens_mail(self) -> str:
        """To the tokens actor: who has a token now."""
        return f"{self.app}.tokens.mail"

    @cached_property
    def inbox(self) -> str:
        """Items for the App Inbox."""
        return f"{self.app}.inbox"

    @cached_property
    def decisions(self) -> str:
        """Every step of every qualified user."""
        return f"{self.app}.decisions"

    @cached_property
    def dead_letters(self) -> str:
        """What nobody could decide on."""
        return f"{self.app}.dead-letters"

    @cached_property
    def stats(self) -> str:
        """Counts per campaign and partition; compacted."""
        return f"{self.app}.stats"

    @property
    def mails(self) -> str:
        """Alerts to campaigns' owners, by mail."""
        return self.sends("email")

    def sends(self, transport: str) -> str:
        """Orders for the sender of one provider."""
        return f"{self.app}.sends.{transport}"

    def sends_mail(self, transport: str) -> str:
        """To the sender of one provider: throttle tokens, which must not wait behind its orders."""
        return f"{self.app}.sends.{transport}.mail"

    def journal(self, actor: str) -> str:
        """The journal of one actor kind."""
        return f"{self.app}.{actor}.journal"

    def specs(self, partitions: int) -> list[Spec]:
        """Every topic in the order in which `setup` makes them: journals come last, and mean that the rest is there."""
        sends = (self.sends("fcm"), self.sends_mail("fcm"), self.mails)
        mailboxes = (self.users_mail, self.campaigns_mail, *sends, self.inbox, self.tokens_mail)
        return [
            Spec(self.events, partitions, {"message.timestamp.type": "LogAppendTime"}),
            Spec(self.campaigns, 1, _COMPACTED),
            *(Spec(name, partitions, _MAILBOX) for name in mailboxes),
            Spec(self.decisions, partitions, _KEPT),
            Spec(self.dead_letters, partitions, _KEPT),
            Spec(self.stats, partitions, _COMPACTED),
            *(Spec(self.journal(actor), partitions, _JOURNAL) for actor in ACTORS),
        ]
