"""Timers of one campaign that were started under several ids, as if one user had started them all (C010)."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from math import inf

from app.domain.model.campaign import Repeat, When
from app.domain.model.user import Started, Waiting


def as_one(timers: Iterable[Waiting], repeat: Repeat) -> list[Waiting]:
    """Those that run, in the order of what started them; timers of one campaign and one `match`.

    Of two that were running at one time `restart` keeps the later, `each` both, and so does `keep_first`, which knows
    only when they are due which of them ran (`inaction`); those that one event started are one.
    """
    in_order = sorted(
        {timer.trigger.event_id: timer for timer in timers}.values(),
        key=lambda timer: (timer.trigger.time_ms, timer.trigger.event_id),
    )
    match repeat:
        case Repeat.EACH | Repeat.KEEP_FIRST:
            return in_order
        case Repeat.RESTART:
            replaced = {
                id(timer) for timer, later in pairwise(in_order) if later.trigger.time_ms <= timer.due_ms
            }
            return [timer for timer in in_order if id(timer) not in replaced]


def is_outrun(timer: Waiting, started: Iterable[Started], when: When) -> bool:
    """Would another trigger, whose timer waits no more, have ended this one? `started`: of its campaign and match.

    Of dates the newest word counts, however long after; `keep_first` asks when the timer is due.
    """
    if when.date is None and when.repeat is not Repeat.RESTART:
        return False
    until_ms = inf if when.date is not None else timer.due_ms
    return any(timer.trigger.time_ms < each.time_ms <= until_ms for each in started)
