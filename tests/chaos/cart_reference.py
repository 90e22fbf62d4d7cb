"""The rule of an inaction campaign (C010) over a log in any order, by plain loops: one campaign, `repeat: restart`.

A partition's time is the latest event time that it has read. A timer fires once that is later than its due time. An A
starts a timer at tA + T; a B read later cancels it where tB <= tA + T, and so does one read earlier where
tA < tB <= tA + T. Another A takes the timer over, read later where tA <= its time <= tA + T, read earlier as a B does.
An id that was read is not read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

PATIENCE_S = 600


@dataclass
class _User:
    timers: list[tuple[float, str]] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)


def reminded(messages: Iterable[Mapping[str, Any]]) -> list[str]:
    """The id of the A of every reminder, sorted; the log ends with a time at which everything is due."""
    users: dict[str, _User] = {}
    fired: list[str] = []
    seen: set[str] = set()
    for message in messages:
        at_s = datetime.fromisoformat(message["timestamp"]).timestamp()
        for user in users.values():
            fired += [name for from_s, name in user.timers if from_s + PATIENCE_S < at_s]
            user.timers = [timer for timer in user.timers if timer[0] + PATIENCE_S >= at_s]
        if message["messageId"] in seen:
            continue
        seen.add(message["messageId"])
        _read(users.setdefault(message["userId"], _User()), message.get("event"), at_s, message["messageId"])
    return sorted(fired + [name for user in users.values() for _, name in user.timers])


def _read(user: _User, event: str | None, at_s: float, message_id: str) -> None:
    if event not in {"purchase", "add_to_cart"}:
        return
    is_cart = event == "add_to_cart"
    user.timers = [
        timer for timer in user.timers if at_s > timer[0] + PATIENCE_S or (is_cart and at_s < timer[0])
    ]
    is_over = any(at_s < end_s <= at_s + PATIENCE_S for end_s in user.ends)
    user.ends.append(at_s)
    if is_cart and not is_over:
        user.timers.append((at_s, message_id))
