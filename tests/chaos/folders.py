"""A state folder set against the journal that it is a cache of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import product
from pathlib import Path
from typing import Any

from rocksdict import AccessType, Options, Rdict

from app.topics import ACTORS
from app.turns.deciding import WATERMARK_KEY
from app.turns.misplaced import misplaced
from app.turns.opening import IDENTITY_KEY, LAYOUT_KEY, OPENED_KEY, POSITION_KEY, WRITTEN_KEY
from app.turns.timers import INDEX
from tests.integration.system import System

OWN = (IDENTITY_KEY, LAYOUT_KEY, OPENED_KEY, POSITION_KEY, WRITTEN_KEY)


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

    A key that was written again behind the position may be gone from before it: journals are compacted. A position that
    is held before a misplaced turn, until what it wrote over is said again, may have later values already.
    """
    held = contents(folder)
    position = int.from_bytes(held.get(POSITION_KEY, b""), "big")
    below: dict[bytes, bytes | None] = {}
    later: defaultdict[bytes, set[bytes | None]] = defaultdict(set)
    is_held = False
    end = 0
    for record in journal:
        end = record.offset() + 1
        if record.offset() < position:
            below[record.key()] = record.value()
        else:
            later[record.key()].add(record.value())
            is_held |= record.offset() == position and _is_misplaced(record)
    wrong = [f"{folder}: at {position}, the journal ends at {end}"] if position > end else []
    state = {key: value for key, value in held.items() if key not in OWN and not key.startswith(INDEX)}
    said = {key: value for key, value in below.items() if value is not None and key not in OWN}
    for key in sorted(state.keys() | said.keys()):
        compacted = key in later and key not in below
        restored = is_held and state.get(key) in later.get(key, ())
        if not compacted and not restored and state.get(key) != said.get(key):
            wrong.append(f"{folder}: {key!r} at {position} is not what the journal has")
    return wrong


def _is_misplaced(record: Any) -> bool:
    return record.key() == WATERMARK_KEY and misplaced(record.offset(), record.value()) > 0


def wrong_folders(system: System) -> list[str]:
    """What the folders of all workers say otherwise than the journals; once no worker runs."""
    wrong: list[str] = []
    for actor in ACTORS:
        partitions: defaultdict[int, list[Any]] = defaultdict(list)
        for record in system.kafka.each(system.topics.journal(actor)):
            partitions[record.partition()].append(record)
        for number, worker in product(range(system.partitions), system.workers):
            folder = system.state(worker) / actor / str(number)
            if folder.exists():
                wrong += disagreements(folder, partitions[number])[:3]
    return wrong
