"""How far a partition has come: the one record that every turn writes beside its state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from msgspec import Struct

from app.turns.ports import Mail

SOURCE = "carillon-source"


class Opened(Struct, frozen=True, array_like=True):
    """The first append of an owner: from here on every older one is refused."""

    worker: str
    pid: int
    epoch: int
    time_ms: int


class Watermark(Struct, array_like=True):
    """What is decided.

    `inputs`: the last decided offset of each topic. `sources`: for each sender of mail the highest (turn, index)
    seen; what is not above it is a repeat. `stream_ms`: the stream clock. `at`: the offset at which its turn had to
    land, of so many records (`size`); a turn that stands elsewhere counts for nothing. 0 records: it counts anywhere.
    """

    identity: bytes
    turn: int
    stream_ms: int
    inputs: dict[str, int]
    sources: dict[str, tuple[int, int]]
    time_ms: int = 0
    at: int = 0
    size: int = 0

    def copy(self) -> Watermark:
        """A watermark that may be moved on without moving this one."""
        return Watermark(
            self.identity, self.turn, self.stream_ms, dict(self.inputs), dict(self.sources), self.time_ms
        )


class Outbox(Struct, frozen=True, array_like=True):
    """The messages of the last turn that sent any: relayed again whole when the partition is opened."""

    turn: int
    mail: list[Mail]


class Source(NamedTuple):
    """Where a relayed message comes from; (turn, place) only grows for one actor and partition."""

    sender: str
    turn: int
    place: int


def sender_header(sender: str, turn: int) -> bytes:
    """The beginning of the header value `actor/partition turn index`."""
    return b"%b %d " % (sender.encode(), turn)


def source_header(sender: str, turn: int, index: int) -> bytes:
    """The header value `actor/partition turn index`."""
    return b"%b%d" % (sender_header(sender, turn), index)


def read_source(headers: Sequence[tuple[str, bytes]]) -> Source | None:
    """The source among a record's headers; None where the record was not relayed by an actor."""
    for name, value in headers:
        if name == SOURCE:
            sender, turn, index = value.split(b" ")
            return Source(sender.decode(), int(turn), int(index))
    return None


encode = msgspec.msgpack.Encoder().encode
decode_opened = msgspec.msgpack.Decoder(Opened).decode
decode_watermark = msgspec.msgpack.Decoder(Watermark).decode
decode_outbox = msgspec.msgpack.Decoder(Outbox).decode
