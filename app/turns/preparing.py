"""Bring a state folder near the end of its journal without owning the partition: whoever owns it next opens it soon.

Nothing is fenced and nothing is decided. What is read is in the journal for good, so the opening that may follow goes
on from there, up to its own `opened`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.turns.opening import POSITION_KEY, Progress, claim, restore, why_discard
from app.turns.ports import Ports
from app.turns.table import Table


async def prepare(ports: Ports, tables: Sequence[Table[Any]], journal: str) -> int:
    """Restore up to where the journal ends now; how many offsets that were.

    Raises JournalMissing, Unanswered, Unstored.

    What was written stays also where this is cancelled in the middle: each chunk goes with its own position.
    """
    log = ports.log()
    try:
        identity, end = await log.identity(), await log.end_of(journal)
        store = ports.store()
        try:
            if why_discard(store, identity, end, ports.clock.now_ms()):
                store.discard()
            claim(store, identity)
            position = int.from_bytes(store.get(POSITION_KEY) or b"", "big")
            await restore(log, store, tables, position, end, ports.clock, Progress())
        finally:
            store.close()
    finally:
        await log.close()
    return end - position
