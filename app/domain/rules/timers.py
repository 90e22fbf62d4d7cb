"""Timers of one campaign that were started under several ids, as if one user had started them all (C010)."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from app.domain.model.campaign import Repeat
from app.domain.model.user import Waiting


def as_one(timers: Iterable[Waiting], repeat: Repeat) -> list[Waiting]:
    """Those that run, in the order of what started them; timers of one campaign and one `match`.

    Of two that were running at one time `restart` keeps the later, `keep_first` the earlier, `each` both; those that
    one event started are one.
    """
    in_order = sorted(
        {timer.trigger.event_id: timer for timer in timers}.values(),
        key=lambda timer: (timer.trigger.time_ms, timer.trigger.event_id),
    )
    match repeat:
        case Repeat.EACH:
            return in_order
        case Repeat.RESTART:
            replaced = {
                id(timer) for timer, later in pairwise(in_order) if later.trigger.time_ms <= timer.due_ms
            }
            return [timer for timer in in_order if id(timer) not in replaced]
        case Repeat.KEEP_FIRST:
            kept: list[Waiting] = []
            for timer in in_order:
                if not kept or timer.trigger.time_ms > kept[-1].due_ms:
                    kept.append(timer)
            return kept
