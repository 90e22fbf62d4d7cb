"""What is remembered of triggers whose timers wait no more: late events are judged as if in order (C010t).

Kept beside the agenda, by campaign; for as long as an event that may still trigger can be that late, and 64 at most.
What is older goes with the next timer, answer or start, whichever campaign that is of.
"""

from __future__ import annotations

from app.domain.model.user import Agenda, Started
from app.domain.rules.identity import message_id

REMEMBERED = 64


def remember(agenda: Agenda, campaign: str, started: Started, horizon_ms: int) -> None:
    """Keep one more; those from before the horizon go."""
    known = [each for each in agenda.started.get(campaign, ()) if _last_ms(each) > horizon_ms]
    agenda.started[campaign] = [*known[1 - REMEMBERED :], started]


def forget(agenda: Agenda, horizon_ms: int) -> bool:
    """Nothing from up to the horizon can matter any more. True where something went."""
    is_old = any(_last_ms(each) <= horizon_ms for known in agenda.started.values() for each in known)
    if is_old:
        kept = {
            campaign: [each for each in known if _last_ms(each) > horizon_ms]
            for campaign, known in agenda.started.items()
        }
        agenda.started = {campaign: known for campaign, known in kept.items() if known}
    return is_old


def _last_ms(started: Started) -> int:
    """The latest time that an event may have for which this one matters.

    What ran as `keep_first` also keeps those silent that started in its time: until the last of them is due.
    """
    until_ms = max(started.time_ms, started.until_ms)
    return 2 * until_ms - started.time_ms if started.fired else until_ms


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


def given_away(agenda: Agenda, user_id: str) -> dict[str, list[Started]]:
    """What another id is told of it; messages that were sent keep the names that they have."""
    for campaign, known in agenda.started.items():
        for each in known:
            if each.event_id and not each.message_id:
                each.message_id = message_id(campaign, user_id, each.event_id)
    return agenda.started


def join(agenda: Agenda, theirs: dict[str, list[Started]]) -> None:
    """Take in what another id remembers, as if one had started all of it."""
    for campaign, told in theirs.items():
        mine = agenda.started.get(campaign, ())
        known = {(each.time_ms, each.match, each.event_id) for each in mine}
        more = [each for each in told if (each.time_ms, each.match, each.event_id) not in known]
        both = sorted((*mine, *more), key=lambda each: each.time_ms)
        agenda.started[campaign] = both[-REMEMBERED:]
