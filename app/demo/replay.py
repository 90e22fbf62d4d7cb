"""From rows to messages: each row one event, and before it whatever is new about its user."""

from collections.abc import Iterable, Iterator
from typing import Any

from app.demo.dataset import Row

LAST_TICK = "2024-07-02T00:00:00Z"
TRAITS = ("platform", "acquisition_channel", "user_cohort", "user_lifecycle")

Message = dict[str, Any]


def messages(rows: Iterable[Row]) -> Iterator[tuple[str, Message]]:
    """Yield (user id, Segment-spec message) in order, from rows in order."""
    known: dict[str, dict[str, str]] = {}
    for number, row in enumerate(rows):
        traits = {name: getattr(row, name) for name in TRAITS}
        before = known.get(row.user_id)
        if traits != before:
            yield row.user_id, _identify(number, row, traits, first=before is None)
            known[row.user_id] = traits
        yield row.user_id, _track(number, row)


def _track(number: int, row: Row) -> Message:
    return {
        "type": "track",
        "messageId": f"row-{number}",
        "userId": row.user_id,
        "event": row.event,
        "timestamp": _iso(row),
        "properties": {},
    }


def _identify(number: int, row: Row, traits: dict[str, str], *, first: bool) -> Message:
    message: Message = {
        "type": "identify",
        "messageId": f"row-{number}-traits",
        "userId": row.user_id,
        "timestamp": _iso(row),
        "traits": traits,
    }
    return message | {"context": {"device": _device(row.user_id)}} if first else message


def _device(user_id: str) -> dict[str, str]:
    """Return the user's one device; every tenth user has blocked pushes."""
    return {
        "id": f"dev-{user_id}",
        "type": "android",
        "token": f"tok-{user_id}",
        "push": "blocked" if user_id.endswith("7") else "allowed",
    }


def _iso(row: Row) -> str:
    return row.timestamp.replace(" ", "T") + "Z"
