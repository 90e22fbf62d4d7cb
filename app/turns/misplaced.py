"""Turns that do not stand in the journal where they had to land: they count for nothing, whoever wrote them.

A broker refuses the appends of an older epoch of the same producer id only. Where the id has changed (its epochs used
up, or forgotten by the broker), an owner that was frozen for however long may still append once when it wakes. It
decided on a state that ends before its successor's `opened`, so its turn lands behind the offset that it carries; so
does a turn of the rightful owner that comes after it. Both know it from the broker's answer, and relay nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from app.turns.deciding import WATERMARK_KEY
from app.turns.ports import Log, Pair, Refused, Store
from app.turns.watermark import Watermark, decode_watermark, encode

Chunk = Sequence[tuple[int, bytes, bytes | None]]


class Misplaced:
    """Finds them while a journal is read from front to back.

    `keys`: what they wrote, and no turn since: whoever reads the journal compacted would read that. `first`: where they
    begin, as long as there are such keys.
    """

    def __init__(self) -> None:
        self.keys: dict[bytes, None] = {}
        self.first: int | None = None
        self._until = 0

    def without(self, chunk: Chunk) -> Chunk:
        """What of a chunk counts."""
        marks = [(at, value) for at, key, value in chunk if key == WATERMARK_KEY]
        ends = {at: at + size for at, value in marks if (size := misplaced(at, value))}
        if not ends and not self.keys and chunk[0][0] >= self._until:
            return chunk
        return list(self._sifted(chunk, ends))

    def _sifted(self, chunk: Chunk, ends: dict[int, int]) -> Iterator[tuple[int, bytes, bytes | None]]:
        for record in chunk:
            at, key, _ = record
            self._until = max(self._until, ends.get(at, 0))
            if at >= self._until:
                self._said_since(key)
                yield record
                continue
            self.first = at if self.first is None else self.first
            self.keys[key] = None

    def _said_since(self, key: bytes) -> None:
        if key in self.keys:
            del self.keys[key]
            self.first = self.first if self.keys else None


def misplaced(at: int, value: bytes | None) -> int:
    """How many records the turn has whose watermark stands here, where that is not its place; else 0."""
    try:
        mark = decode_watermark(value or b"")
    except msgspec.MsgspecError:  # another build's: whoever opens says so
        return 0
    return mark.size if mark.at != at else 0


async def say_again(
    log: Log, store: Store, keys: Iterable[bytes], mark: Watermark, position: int, now_ms: int
) -> int:
    """Write what the store holds under these keys behind what is misplaced, which compaction would keep otherwise.

    Where the journal goes on. Raises Refused, Unanswered, Unstored.
    """
    pairs: list[Pair] = [(key, store.get(key)) for key in keys if key != WATERMARK_KEY]
    for part in _parts(log, mark, pairs):
        mark.turn += 1
        mark.at, mark.size = position, 1 + len(part)
        said = (WATERMARK_KEY, encode(mark))
        at = await log.append([said, *part], now_ms)
        if at != position:
            raise Refused(f"an append landed at {at} instead of {position}: somebody else wrote")
        store.write([said])
        position += 1 + len(part)
    return position


def _parts(log: Log, mark: Watermark, pairs: Sequence[Pair]) -> Iterator[Sequence[Pair]]:
    """As many at once as a batch takes."""
    half = len(pairs) // 2
    if not half or log.fits([(WATERMARK_KEY, encode(mark)), *pairs]):
        yield pairs
    else:
        yield from _parts(log, mark, pairs[:half])
        yield from _parts(log, mark, pairs[half:])
