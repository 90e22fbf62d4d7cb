"""A state folder set against the journal that it is a cache of."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rocksdict import AccessType, Options, Rdict

from app.turns.opening import IDENTITY_KEY, OPENED_KEY, POSITION_KEY, WRITTEN_KEY
from app.turns.timers import INDEX

OWN = (IDENTITY_KEY, OPENED_KEY, POSITION_KEY, WRITTEN_KEY)


def contents(folder: Path) -> dict[bytes, bytes]:
    """Everything in a folder that nobody has open."""
    store = Rdict(str(folder), Options(raw_mode=True), access_type=AccessType.read_only())
    try:
        items: Any = store.items()
        return dict(items)
    finally:
        store.close()


def disagreements(folder: Path, journal: Iterable[Any]) -> list[str]:
    """What this folder says otherwise than its journal (its records, in order) said up to the folder's position.

    A key that was written again behind the position may be gone from before it: journals are compacted.
    """
    held = contents(folder)
    position = int.from_bytes(held.get(POSITION_KEY, b""), "big")
    below: dict[bytes, bytes | None] = {}
    later: set[bytes] = set()
    end = 0
    for record in journal:
        end = record.offset() + 1
        if record.offset() < position:
            below[record.key()] = record.value()
        else:
            later.add(record.key())
    wrong = [f"{folder}: at {position}, the journal ends at {end}"] if position > end else []
    state = {key: value for key, value in held.items() if key not in OWN and not key.startswith(INDEX)}
    said = {key: value for key, value in below.items() if value is not None and key not in OWN}
    for key in sorted(state.keys() | said.keys()):
        compacted = key in later and key not in below
        if not compacted and state.get(key) != said.get(key):
            wrong.append(f"{folder}: {key!r} at {position} is not what the journal has")
    return wrong
