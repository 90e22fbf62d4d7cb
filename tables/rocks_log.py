"""Is a log of RocksDB whole? Looked at before RocksDB opens it.

RocksDB takes a damaged length at the end of its MANIFEST for a write that was cut off, and goes on without files that
it needs; on a damaged record type, there or in a write-ahead log, its reader never comes back. Both are caught by the
checksum that every fragment carries. A fragment: masked CRC-32C, length, type, payload; never across a block's border.
"""

from __future__ import annotations

import struct
from pathlib import Path

from aiokafka.record.util import calc_crc32c

BLOCK_BYTES = 1 << 15
_HEADER = struct.Struct("<IHB")
_TYPE_AT = 6
_MASK_DELTA = 0xA282EAD8
_32_BITS = 0xFFFFFFFF


def first_damage(path: Path) -> str | None:
    """In words: the first place at which a MANIFEST or write-ahead log is not what was written; None: it is whole."""
    data = memoryview(path.read_bytes())
    at = 0
    while at < len(data):
        left = BLOCK_BYTES - at % BLOCK_BYTES
        if left < _HEADER.size:
            at += left
            continue
        if len(data) - at < _HEADER.size:
            return f"{path.name} ends within a header, at byte {at}"
        masked, length, kind = _HEADER.unpack_from(data, at)
        end = at + _HEADER.size + length
        if kind == length == masked == 0 and not any(data[at:]):
            return None  # room that was taken beforehand
        if end > len(data) or _HEADER.size + length > left:
            return f"{path.name} is cut, or a length in it is wrong, at byte {at}"
        if _unmasked(masked) != calc_crc32c(data[at + _TYPE_AT : end]):
            return f"{path.name} fails its checksum at byte {at}"
        at = end
    return None


def _unmasked(masked: int) -> int:
    rotated = (masked - _MASK_DELTA) & _32_BITS
    return ((rotated >> 17) | (rotated << 15)) & _32_BITS
