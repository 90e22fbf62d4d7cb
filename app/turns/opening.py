"""Open a partition: take the fence, restore up to our own `opened`, and only then know anything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

from app.turns.deciding import OUTBOX_KEY, WATERMARK_KEY
from app.turns.misplaced import Misplaced, say_again
from app.turns.ports import Clock, Foreign, Log, Pair, Store
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

T = TypeVar("T")
OPENED_KEY = b"\x00opened"
IDENTITY_KEY = b"\x00identity"
POSITION_KEY = b"\x00position"
WRITTEN_KEY = b"\x00written"
LAYOUT_KEY = b"\x00layout"
# What a folder holds beside the journal's own values, and how: the keys above, the timer index and when a value waits.
# Another number in a folder: it is rebuilt. Count it up with any change of these.
LAYOUT = 1
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
    """How far a restore has come, in journal offsets; read by the readiness page.

    `furthest`: the step and the offset that no opening has come beyond since the partition was last open.
    """

    def __init__(self) -> None:
        self.furthest = (0, 0)
        self.start = 0
        self.at = 0
        self.end = 0
        self.restoring = False

    def reach(self, step: int, at: int = 0) -> None:
        """An opening has come to this step."""
        self.furthest = max(self.furthest, (step, at))


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
    because then the broker does not refuse the older one. What that one appends, then or ever, is misplaced. Raises
    JournalMissing, Refused, Unanswered, Unstored.
    """
    identity = await log.identity()
    progress.reach(1)
    fence = await log.fence()
    progress.reach(2)
    now_ms = clock.now_ms()
    opened = Opened(worker, fence.pid, fence.epoch, now_ms)
    at = await log.append([(OPENED_KEY, encode(opened))], now_ms)
    discarded = why_discard(store, identity, at, now_ms)
    if discarded:
        store.discard()
    position = int.from_bytes(store.get(POSITION_KEY) or b"", "big")
    progress.start, progress.at, progress.end, progress.restoring = position, position, at, True
    progress.furthest = (3, position)
    claim(store, identity)
    found = await restore(log, store, tables, position, at, clock, progress)
    progress.reach(4)
    before = store.get(OPENED_KEY)
    if before is not None and _readable(decode_opened, before).pid != fence.pid:
        await asyncio.sleep(wait_s)
        start = at + 1 if found.first is None else found.first
        at = await log.append([(OPENED_KEY, encode(opened))], clock.now_ms())
        found = await restore(log, store, tables, start, at, clock, progress)
    end = at + 1
    if found.keys:
        end = await say_again(log, store, found.keys, _watermark(store, identity), end, clock.now_ms())
    store.write([(OPENED_KEY, encode(opened)), (POSITION_KEY, number(end)), (WRITTEN_KEY, number(now_ms))])
    progress.restoring, progress.furthest = False, (5, 0)
    return Opening(_watermark(store, identity), _outbox(store), end, discarded)


def claim(store: Store, identity: bytes) -> None:
    """Write down of which journal this folder is, and in which layout."""
    store.write([(IDENTITY_KEY, identity), (LAYOUT_KEY, number(LAYOUT))])


def why_discard(store: Store, identity: bytes, at: int, now_ms: int) -> str | None:
    """Why a folder must not be trusted: in words, or None where it may."""
    stored = store.get(IDENTITY_KEY)
    if stored is None:
        return None
    if stored != identity:
        return "the journal is another one than this state was made from"
    if store.get(LAYOUT_KEY) != number(LAYOUT):
        return f"this state has another layout than this build's, which is {LAYOUT}"
    if int.from_bytes(store.get(POSITION_KEY) or b"", "big") > at:
        return "this state is ahead of the journal"
    written_ms = int.from_bytes(store.get(WRITTEN_KEY) or b"", "big")
    if written_ms and now_ms - written_ms > STALE_MS:
        return "this state is older than the journal's deletions are kept"
    return None


async def restore(
    log: Log,
    store: Store,
    tables: Sequence[Table[Any]],
    position: int,
    stop: int,
    clock: Clock,
    progress: Progress,
) -> Misplaced:
    """Bring the store from `position` up to `stop`, without what is misplaced, which is returned. The stored position
    stays before it until all of it is said again: whoever opens this folder next finds it too."""
    found = Misplaced()
    timed = {table.prefix[0]: table for table in tables if table.dues is not None}
    async for chunk in log.read(position, stop):
        latest = {key: value for _, key, value in found.without(chunk)}
        pairs: list[Pair] = list(latest.items())
        pairs += _index(latest.items(), timed)
        at = chunk[-1][0] + 1
        safe = at if found.first is None else found.first
        pairs += [(POSITION_KEY, number(safe)), (WRITTEN_KEY, number(clock.now_ms()))]
        store.write(pairs)
        progress.at = at
        progress.reach(3, at)
    return found


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
    return Watermark(identity, 0, 0, {}, {}) if raw is None else _readable(decode_watermark, raw)


def _outbox(store: Store) -> Outbox:
    raw = store.get(OUTBOX_KEY)
    return Outbox(0, []) if raw is None else _readable(decode_outbox, raw)


def _readable(decode: Callable[[bytes], T], raw: bytes) -> T:
    try:
        return decode(raw)
    except msgspec.MsgspecError as error:
        raise Foreign(
            f"the journal is not readable by this build: {error}. Run the build that wrote it"
        ) from error
