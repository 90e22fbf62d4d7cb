"""Which messages say that two ids are one person (SPEC section 9, Anonymous)."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from app.domain.model.event import Event
from app.wire import EventReader
from tests.app.turns.memory import MemoryRecord

BOTH = {"userId": "ann", "anonymousId": "anon"}


def read(message: dict[str, Any], *, packed: bool = False) -> Event:
    """One record under its user's key."""
    value = msgspec.msgpack.encode(message) if packed else json.dumps(message).encode()
    found = EventReader().read(MemoryRecord("events", 0, 1, 1_795_428_600_000, b"ann", value), None)
    assert isinstance(found, Event)
    return found


@pytest.mark.parametrize("packed", [False, True], ids=["JSON", "MessagePack"])
@pytest.mark.parametrize(
    ("message", "previous"),
    [
        ({"type": "identify"} | BOTH, "anon"),
        ({"type": "alias", "userId": "ann", "previousId": "bob"}, "bob"),
        ({"type": "alias", "previousId": "bob"} | BOTH, "bob"),
        ({"type": "alias"} | BOTH, "anon"),
        ({"type": "identify", "previousId": "bob", "userId": "ann"}, None),
        ({"type": "identify", "userId": "ann", "anonymousId": "ann"}, None),
        ({"type": "identify", "anonymousId": "anon"}, None),
        ({"type": "track", "event": "cart"} | BOTH, None),
        ({"type": "screen", "name": "Home"} | BOTH, None),
        ({"type": "group"} | BOTH, None),
    ],
)
def test_identify_and_alias_that_name_both_join_them(
    message: dict[str, Any], previous: str | None, packed: bool
) -> None:
    """Given ids in a message, then only these two kinds say that another id is the same person's."""
    assert read(message, packed=packed).previous == previous
