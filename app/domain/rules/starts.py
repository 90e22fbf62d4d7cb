"""What is remembered of triggers whose timers wait no more: late events are judged as if in order (C010t).

Kept beside the agenda, by campaign; for as long as an event that may still trigger can be that late, and 64 at most.
"""

from __future__ import annotations

from app.domain.model.user import Agenda, Started

REMEMBERED = 64


def remember(agenda: Agenda, campaign: str, started: Started, horizon_ms: int) -> None:
    """Keep one more; those from before the horizon go."""
    known = [each for each in agenda.started.get(campaign, ()) if each.time_ms > horizon_ms]
    agenda.started[campaign] = [*known[1 - REMEMBERED :], started]


def of(agenda: Agenda, campaign: str, match: str) -> list[Started]:
    """What is remembered of one campaign and match."""
    return [each for each in agenda.started.get(campaign, ()) if each.match == match]


def remember_sent(agenda: Agenda, campaign: str, sent: Started, horizon_ms: int) -> None:
    """Its message is on its way: an answer that would have stopped it is too late from here on."""
    for each in of(agenda, campaign, sent.match):
        if each.time_ms == sent.time_ms and not each.event_id:
            each.event_id, each.until_ms = sent.event_id, sent.until_ms
            return
    remember(agenda, campaign, sent, horizon_ms)
