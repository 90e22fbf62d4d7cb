"""The ids of topics: a topic that was deleted and made anew has another, though its name is the same (KIP-516)."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from io import BytesIO
from uuid import UUID

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import IncompatibleBrokerVersion
from aiokafka.protocol.api import RequestHeader_v2, ResponseHeader_v1

from app.kafka_client.protocol import Request

_NO_TAGS = b"\x00"
_UUID_BYTES = 16


async def topic_ids(client: AIOKafkaClient, topics: Iterable[str]) -> dict[str, str]:
    """The id of each of these topics, as text; those that do not exist are left out, and all of an older broker's.

    Raises KafkaError.
    """
    try:
        found: dict[str, str] = await client.send(client.get_random_node(), _MetadataRequest(topics))
    except IncompatibleBrokerVersion:
        return {}
    return found


class _Reader:
    """Walks through a reply of the flexible kind: lengths are varints, and tagged fields end every part."""

    def __init__(self, buffer: BytesIO) -> None:
        self._buffer = buffer

    def skip(self, count: int) -> None:
        self._buffer.read(count)

    def int16(self) -> int:
        return int(struct.unpack(">h", self._buffer.read(2))[0])

    def length(self) -> int:
        """Of a string or an array; -1: there is none."""
        return self._varint() - 1

    def text(self) -> str:
        return self._buffer.read(max(0, self.length())).decode()

    def uuid(self) -> UUID:
        return UUID(bytes=self._buffer.read(_UUID_BYTES))

    def skip_tags(self) -> None:
        for _ in range(self._varint()):
            self._varint()
            self.skip(self._varint())

    def _varint(self) -> int:
        value = shift = 0
        while True:
            (byte,) = self._buffer.read(1)
            value |= (byte & 0x7F) << shift
            if byte < 0x80:  # noqa: PLR2004 - the last one
                return value
            shift += 7


class _MetadataReply:
    @staticmethod
    def decode(buffer: BytesIO) -> dict[str, str]:
        reader = _Reader(buffer)
        reader.skip(4)  # throttle time
        for _ in range(reader.length()):
            reader.skip(4)
            reader.text()
            reader.skip(4)
            reader.text()
            reader.skip_tags()
        reader.text()  # cluster id
        reader.skip(4)  # controller
        found = {}
        for _ in range(reader.length()):
            code, name, number = reader.int16(), reader.text(), reader.uuid()
            reader.skip(1)
            for _ in range(reader.length()):
                reader.skip(2 + 4 + 4 + 4)
                for _ in range(3):
                    reader.skip(4 * max(0, reader.length()))
                reader.skip_tags()
            reader.skip(4)
            reader.skip_tags()
            if code == 0:
                found[name] = str(number)
        return found


class _MetadataRequest(Request):
    """Metadata version 12, asked by name; makes no topic."""

    API_KEY = 3
    API_VERSION = 12
    RESPONSE_TYPE = _MetadataReply

    def __init__(self, topics: Iterable[str]) -> None:
        names = [name.encode() for name in topics]
        parts = [bytes(_UUID_BYTES) + _length(len(name)) + name + _NO_TAGS for name in names]
        super().__init__(_length(len(names)) + b"".join(parts) + b"\x00\x00" + _NO_TAGS)

    def build_request_header(self, correlation_id: int, client_id: str) -> RequestHeader_v2:
        """The header of a flexible request."""
        return RequestHeader_v2(self, correlation_id=correlation_id, client_id=client_id)

    def parse_response_header(self, buffer: BytesIO) -> ResponseHeader_v1:
        """The header of a flexible reply."""
        return ResponseHeader_v1.decode(buffer)


def _length(count: int) -> bytes:
    """Of a string or an array, as a varint of one more."""
    value, found = count + 1, bytearray()
    while value >= 0x80:  # noqa: PLR2004 - seven bits a byte
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
