"""Bytes of the Kafka protocol, as much as a probe needs: frames out, fields in."""

from __future__ import annotations

import struct
from collections.abc import Sequence

CLIENT = "carillon-watchdog"


def string(text: str) -> bytes:
    """A length, and UTF-8."""
    raw = text.encode()
    return struct.pack(">h", len(raw)) + raw


def array(items: Sequence[bytes]) -> bytes:
    """A count, and what is counted."""
    return struct.pack(">i", len(items)) + b"".join(items)


def frame(api: int, version: int, body: bytes) -> bytes:
    """One request, with its length before it."""
    message = struct.pack(">hhi", api, version, 0) + string(CLIENT) + body
    return struct.pack(">i", len(message)) + message


class Reader:
    """Reads the fields of an answer in their order. Raises struct.error or ValueError where it ends too early."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def _take(self, form: str) -> int:
        (value,) = struct.unpack_from(form, self._data, self._at)
        self._at += struct.calcsize(form)
        return int(value)

    def int8(self) -> int:
        """One byte."""
        return self._take(">b")

    def int16(self) -> int:
        """Two bytes."""
        return self._take(">h")

    def int32(self) -> int:
        """Four bytes."""
        return self._take(">i")

    def int64(self) -> int:
        """Eight bytes."""
        return self._take(">q")

    def text(self) -> str:
        """A string; an absent one is empty."""
        return self._raw(self.int16()).decode()

    def blob(self) -> bytes:
        """Bytes; absent ones are empty."""
        return self._raw(self.int32())

    def int32s(self) -> list[int]:
        """An array of numbers."""
        return [self.int32() for _ in range(self.int32())]

    def _raw(self, size: int) -> bytes:
        if size < 0:
            return b""
        start, self._at = self._at, self._at + size
        if self._at > len(self._data):
            raise ValueError("an answer ends too early")
        return self._data[start : self._at]
