"""The rule of an inaction campaign (C010) over a log in any order, by plain loops: one campaign, `repeat: restart`.

A partition's time is the latest event time that it has read. A timer fires once that is later than its due time. An A
starts a timer at tA + T; a B read later cancels it where tB <= tA + T, and so does one read earlier where
tA < tB <= tA + T. A second A takes the timer over where it is not older. An id that was read is not read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

PATIENCE_S = 600


@dataclass
class _User:
    timer: tuple[float, str] | None = None
    answers: list[float] = field(default_factory=list)


def reminded(messages: Iterable[Mapping[str, Any]]) -> list[str]:
    """The id of the A of every reminder, sorted; the log ends with a time at which everything is due."""
    users: dict[str, _User] = {}
    fired: list[str] = []
    seen: set[str] = set()
    for message in messages:
        at_s = datetime.fromisoformat(message["timestamp"]).timestamp()
        for user in users.values():
            if user.timer is not None and user.timer[0] + PATIENCE_S < at_s:
                fired.append(user.timer[1])
                user.timer = None
        if message["messageId"] in seen:
            continue
        seen.add(message["messageId"])
        _read(users.setdefault(message["userId"], _User()), message.get("event"), at_s, message["messageId"])
    return sorted(fired + [user.timer[1] for user in users.values() if user.timer is not None])


def _read(user: _User, event: str | None, at_s: float, message_id: str) -> None:
    if event == "purchase":
        if user.timer is not None and at_s <= user.timer[0] + PATIENCE_S:
            user.timer = None
        user.answers.append(at_s)
    is_answered = any(at_s < answer <= at_s + PATIENCE_S for answer in user.answers)
    is_older = user.timer is not None and at_s < user.timer[0]
    if event == "add_to_cart" and not is_answered and not is_older:
        user.timer = (at_s, message_id)
