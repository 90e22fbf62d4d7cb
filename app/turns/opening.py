"""Open a partition: take the fence, restore up to our own `opened`, and only then know anything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from app.turns.deciding import OUTBOX_KEY, WATERMARK_KEY
from app.turns.ports import Clock, Log, Pair, Store
from app.turns.table import Table
from app.turns.timers import index_key
from app.turns.watermark import (
    Opened,
    Outbox,
    Watermark,
    decode_opened,
    decode_outbox,
    decode_watermark,
    encode,
)

OPENED_KEY = b"\x00opened"
IDENTITY_KEY = b"\x00identity"
POSITION_KEY = b"\x00position"
WRITTEN_KEY = b"\x00written"
# A folder last written longer ago than tombstones live in the journal (delete.retention.ms, a day) may hold keys
# whose deletion is no longer there to be read.
STALE_MS = 20 * 3_600_000


class Opening(NamedTuple):
    """What an opened partition starts from. `position`: where the next append must land."""

    watermark: Watermark
    outbox: Outbox
    position: int
    discarded: str | None


class Progress:
    """How far a restore has come, in journal offsets; read by the readiness page."""

    def __init__(self) -> None:
        self.start = 0
        self.at = 0
        self.end = 0
        self.restoring = False


def number(value: int) -> bytes:
    """A non-negative integer as stored bytes."""
    return value.to_bytes(8, "big")


async def open_partition(
    log: Log,
    store: Store,
    tables: Sequence[Table[Any]],
    worker: str,
    clock: Clock,
    wait_s: float,
    progress: Progress,
) -> Opening:
    """Fence, restore, and wait out an owner that the fence cannot refuse.

    `wait_s`: session timeout plus request timeout; waited when the producer id is not that of the last `opened`,
    because then the broker does not refuse the older one; what that one appended meanwhile is restored too. Raises
    JournalMissing, Refused, Unanswered.
    """
    identity = await log.identity()
    fence = await log.fence()
    now_ms = clock.now_ms()
    opened = Opened(worker, fence.pid, fence.epoch, now_ms)
    at = await log.append([(OPENED_KEY, encode(opened))], now_ms)
    discarded = _why_discard(store, identity, at, now_ms)
    if discarded:
        store.discard()
    position = int.from_bytes(store.get(POSITION_KEY) or b"", "big")
    progress.start, progress.at, progress.end, progress.restoring = position, position, at, True
    store.write([(IDENTITY_KEY, identity)])
    await _restore(log, store, tables, position, at, clock, progress)
    before = store.get(OPENED_KEY)
    store.write([(OPENED_KEY, encode(opened)), (POSITION_KEY, number(at + 1)), (WRITTEN_KEY, number(now_ms))])
    if before is not None and decode_opened(before).pid != fence.pid:
        await asyncio.sleep(wait_s)
        start, at = at + 1, await log.append([(OPENED_KEY, encode(opened))], clock.now_ms())
        await _restore(log, store, tables, start, at, clock, progress)
        store.write([(OPENED_KEY, encode(opened)), (POSITION_KEY, number(at + 1))])
    progress.restoring = False
    return Opening(_watermark(store, identity), _outbox(store), at + 1, discarded)


def _why_discard(store: Store, identity: bytes, at: int, now_ms: int) -> str | None:
    """Why a folder must not be trusted: in words, or None where it may."""
    stored = store.get(IDENTITY_KEY)
    if stored is None:
        return None
    if stored != identity:
        return "the journal is another one than this state was made from"
    if int.from_bytes(store.get(POSITION_KEY) or b"", "big") > at:
        return "this state is ahead of the journal"
    written_ms = int.from_bytes(store.get(WRITTEN_KEY) or b"", "big")
    if written_ms and now_ms - written_ms > STALE_MS:
        return "this state is older than the journal's deletions are kept"
    return None


async def _restore(
    log: Log,
    store: Store,
    tables: Sequence[Table[Any]],
    position: int,
    stop: int,
    clock: Clock,
    progress: Progress,
) -> None:
    timed = {table.prefix[0]: table for table in tables if table.dues is not None}
    async for chunk in log.read(position, stop):
        latest = {key: value for _, key, value in chunk}
        pairs: list[Pair] = list(latest.items())
        pairs += _index(latest.items(), timed)
        at = chunk[-1][0] + 1
        pairs += [(POSITION_KEY, number(at)), (WRITTEN_KEY, number(clock.now_ms()))]
        store.write(pairs)
        progress.at = at


def _index(pairs: Iterable[Pair], timed: dict[int, Table[Any]]) -> list[Pair]:
    """Timer entries of restored values. Entries of values since replaced stay and are harmless (app.turns.timers)."""
    entries: list[Pair] = []
    for key, value in pairs:
        table = timed.get(key[0])
        if table is not None and value is not None:
            dues: Callable[[Any], Iterable[int]] = table.dues  # type: ignore[assignment]
            entries += [(index_key(due_ms, key), b"") for due_ms in dues(table.decode(value))]
    return entries


def _watermark(store: Store, identity: bytes) -> Watermark:
    raw = store.get(WATERMARK_KEY)
    return Watermark(identity, 0, 0, {}, {}) if raw is None else decode_watermark(raw)


def _outbox(store: Store) -> Outbox:
    raw = store.get(OUTBOX_KEY)
    return Outbox(0, []) if raw is None else decode_outbox(raw)
