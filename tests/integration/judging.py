"""What a run did, set against what the oracle says it had to do."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.demo.dataset import Row, in_order
from app.demo.replay import Message, messages
from tables.inbox import INBOX
from tests.integration.system import System
from tests.oracle.outcome import Outcome, boxed, message_ids, shown
from tests.oracle.reference import evaluate
from tests.oracle.synthetic import click_log
from tests.oracle.verdict import Verdict, judge, judge_sink

LAST_TICK = "2024-07-02T00:00:00Z"


@dataclass(frozen=True)
class Work:
    """Rows, the messages that they are replayed as, and what must come of them."""

    rows: Sequence[Row]
    messages: Sequence[tuple[str, Message]]
    outcomes: Sequence[Outcome]

    def of_users(self, users: Collection[str]) -> list[Outcome]:
        """The outcomes of some users only."""
        return [outcome for outcome in self.outcomes if outcome.user in users]


def make_work(seed: int, rows: int, users: int = 60) -> Work:
    """A click log from a seed."""
    made = in_order(click_log(seed, rows, users))
    return Work(made, list(messages(made)), evaluate(row._asdict() for row in made))


@dataclass(frozen=True)
class Findings:
    """Verdicts by where they were found. `unfinished`: ids that are neither here nor there (conservation)."""

    decided: Verdict
    shown: Verdict
    inbox: Verdict
    items: Verdict
    unfinished: frozenset[str]

    @property
    def exact(self) -> bool:
        """Nothing missing, nothing unexpected, everything ended; a push may have been shown twice."""
        verdicts = (self.decided, self.inbox, self.items)
        found_all = not (self.shown.missing or self.shown.unexpected)
        return found_all and not self.unfinished and all(verdict.exact for verdict in verdicts)

    def told(self) -> str:
        """How many of each."""
        parts = [
            f"{name}: {len(each.missing)} missing, {len(each.unexpected)} unexpected, {len(each.repeated)} repeated"
            for name, each in vars(self).items()
            if isinstance(each, Verdict)
        ]
        return "; ".join([*parts, f"{len(self.unfinished)} unfinished"])


def judge_run(system: System, outcomes: Sequence[Outcome]) -> Findings:
    """Compare decisions, push service and inbox with what these outcomes say; once the run has settled."""
    decisions = system.decisions()
    to_inbox = set().union(*message_ids(outcomes, "inbox").values())
    return Findings(
        judge(shown(outcomes), ids_of(decisions, "sent")),
        judge_sink(outcomes, system.received()),
        judge(to_inbox, ids_of(decisions, "inbox")),
        judge(boxed(outcomes), inbox_items(system)),
        unfinished(decisions),
    )


def ids_of(decisions: Sequence[Mapping[str, Any]], *steps: str) -> list[str]:
    """The message ids of some steps."""
    return [each["message_id"] for each in decisions if each["step"] in steps]


def unfinished(decisions: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Conservation: qualified = sent + dropped + inbox, sent = accepted + failed; the ids that break it."""
    qualified = set(ids_of(decisions, "qualified"))
    sent, ended = set(ids_of(decisions, "sent")), set(ids_of(decisions, "accepted", "failed"))
    left = sent | set(ids_of(decisions, "dropped", "inbox"))
    return frozenset((qualified ^ left) | (sent ^ ended))


def inbox_items(system: System) -> list[str]:
    """The message id of every item in every inbox, read from the journal that holds them."""
    latest: dict[bytes, bytes | None] = {
        each.key(): each.value() for each in system.kafka.read(system.topics.journal("inbox"), raw=True)
    }
    kept = [value for key, value in latest.items() if key.startswith(INBOX.prefix) and value is not None]
    return [item.message_id for value in kept for item in INBOX.decode(value).items]
