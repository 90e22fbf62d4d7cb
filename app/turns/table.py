"""A table of an actor: one kind of state under keys, journaled and cached by its turns."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

import msgspec

from app.turns.ports import Foreign

State = TypeVar("State")
_encode = msgspec.msgpack.Encoder().encode


class Table(Generic[State]):
    """Declares a kind of state: its prefix in journal and store, its codec, and when it wants to be woken.

    `prefix` is one byte from 0x10 on and never changes once state depends on it. `dues` gives the times at which a
    value waits for something; the timer index follows it, so a timer is never set or cancelled by hand. `kind` grows by
    fields with defaults at its end and changes in no other way (tests/tables/golden.json holds stored bytes of each).
    """

    __slots__ = ("decode", "dues", "encode", "kind", "name", "prefix")

    def __init__(
        self,
        name: str,
        prefix: bytes,
        kind: type[State],
        dues: Callable[[State], Iterable[int]] | None = None,
    ) -> None:
        if len(prefix) != 1 or prefix < b"\x10":
            raise ValueError(f"table {name}: the prefix is one byte from 0x10 on, not {prefix!r}")
        self.name = name
        self.prefix = prefix
        self.kind = kind
        self.dues = dues
        self.encode: Callable[[Any], bytes] = _encode
        self.decode: Callable[[bytes], State] = _decoder(name, kind)

    def __repr__(self) -> str:
        return f"Table({self.name})"


def _decoder(name: str, kind: type[State]) -> Callable[[bytes], State]:
    read: Callable[[bytes], State] = msgspec.msgpack.Decoder(kind).decode

    def decode(raw: bytes) -> State:
        try:
            return read(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Foreign(
                f"a journaled value of the table {name} is not readable by this build: {error}. "
                "Run the build that wrote it"
            ) from error

    return decode
