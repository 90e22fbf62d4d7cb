"""A writer of small MaxMind databases: a tree of bits, a section of values, and what is said of both."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MARKER = b"\xab\xcd\xefMaxMind.com"
BITS = 128
_MAP, _TEXT, _UINT16, _UINT32, _ARRAY, _UINT64 = 7, 2, 5, 6, 11, 9
_EXTENDED = 7


def write(path: Path, networks: Mapping[str, Any]) -> None:
    """Networks in CIDR form -> the record of each."""
    tree, data = _Tree(), bytearray()
    for network, record in networks.items():
        tree.insert(_bits(network), len(data))
        data += _encode(record)
    about = {
        "binary_format_major_version": (_UINT16, 2),
        "binary_format_minor_version": (_UINT16, 0),
        "build_epoch": (_UINT64, 1_790_000_000),
        "database_type": "test",
        "description": {"en": "made for a test"},
        "ip_version": (_UINT16, 6),
        "languages": ["en"],
        "node_count": (_UINT32, len(tree.nodes)),
        "record_size": (_UINT16, 32),
    }
    path.write_bytes(tree.encode() + bytes(16) + bytes(data) + MARKER + _encode(about))


class _Tree:
    """Nodes of two sides; a side is None, the number of a node, or ("at", where its record begins)."""

    def __init__(self) -> None:
        self.nodes: list[list[Any]] = [[None, None]]

    def insert(self, bits: str, offset: int) -> None:
        node = 0
        for bit in bits[:-1]:
            following = self.nodes[node][int(bit)]
            if following is None:
                following = self.nodes[node][int(bit)] = len(self.nodes)
                self.nodes.append([None, None])
            node = following
        self.nodes[node][int(bits[-1])] = ("at", offset)

    def encode(self) -> bytes:
        return b"".join(self._side(side).to_bytes(4, "big") for node in self.nodes for side in node)

    def _side(self, side: Any) -> int:
        if side is None:
            return len(self.nodes)
        return len(self.nodes) + 16 + side[1] if isinstance(side, tuple) else int(side)


def _bits(network: str) -> str:
    read = ipaddress.ip_network(network)
    skipped = BITS - read.max_prefixlen
    return f"{int(read.network_address):0{BITS}b}"[: skipped + read.prefixlen]


def _encode(value: Any) -> bytes:
    match value:
        case str():
            raw: bytes = value.encode()
            return _control(_TEXT, len(raw)) + raw
        case Mapping():
            return _control(_MAP, len(value)) + b"".join(_encode(k) + _encode(v) for k, v in value.items())
        case list():
            return _control(_ARRAY, len(value)) + b"".join(map(_encode, value))
        case (kind, number):
            raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
            return _control(kind, len(raw)) + raw
        case _:
            raise TypeError(f"no way to write {value!r}")


def _control(kind: int, size: int) -> bytes:
    assert size < 285
    more = b"" if size < 29 else bytes([size - 29])
    size = min(size, 29)
    return bytes([kind << 5 | size]) + more if kind <= _EXTENDED else bytes([size, kind - _EXTENDED]) + more
