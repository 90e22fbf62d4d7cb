"""The two Kafka requests of the hot path, as bytes: Produce version 7 and Fetch version 11, with fetch sessions.

aiokafka's own classes spend about a millisecond of processor time on each; these spend a tenth. They travel over
aiokafka's connections, which ask a request for its header, its bytes and its reply (Kafka protocol guide,
https://kafka.apache.org/protocol; sessions: KIP-227).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import IncompatibleBrokerVersion
from aiokafka.protocol.api import RequestHeader_v1, ResponseHeader_v0

_SHORT = struct.Struct(">h")
_INT = struct.Struct(">i")
_PRODUCE_HEAD = struct.Struct(">hhii")
_PRODUCED = struct.Struct(">ihqqq")
_FETCH_HEAD = struct.Struct(">iiiibii")
_FETCH_PLACE = struct.Struct(">iiqqi")
_FETCHED_HEAD = struct.Struct(">ihii")
_FETCHED_PLACE = struct.Struct(">ihqqqi")
_ABORTED = struct.Struct(">qq")
_ALL_REPLICAS = -1
_READ_COMMITTED = 1
_LAST_EPOCH = 0x7FFFFFFF


class Request:
    """What aiokafka's connection wants of a request that is bytes already."""

    API_KEY: int
    API_VERSION: int
    RESPONSE_TYPE: Any

    def __init__(self, body: bytes) -> None:
        self._body = body

    def prepare(self, versions: Mapping[int, tuple[int, int]]) -> Request:
        """This very version, or nothing. Raises IncompatibleBrokerVersion."""
        low, high = versions.get(self.API_KEY, (0, -1))
        if not low <= self.API_VERSION <= high:
            raise IncompatibleBrokerVersion(
                f"the broker offers {low} to {high} of request {self.API_KEY}, not {self.API_VERSION}"
            )
        return self

    def build_request_header(self, correlation_id: int, client_id: str) -> Any:
        """The header before the body."""
        return RequestHeader_v1(self, correlation_id=correlation_id, client_id=client_id)

    def encode(self) -> bytes:
        """The body."""
        return self._body

    def parse_response_header(self, buffer: BytesIO) -> Any:
        """The header before the reply's body."""
        return ResponseHeader_v0.decode(buffer)


class Produced(NamedTuple):
    """What became of one batch: a Kafka error code (0: none), where its first record stands, and when the broker took
    it by its own clock (-1: a topic whose records keep the time that they were sent with).
    """

    place: TopicPartition
    code: int
    offset: int
    taken_ms: int = -1


class _ProduceReply:
    @staticmethod
    def decode(buffer: BytesIO) -> list[Produced]:
        data, at = buffer.getvalue(), buffer.tell()
        found: list[Produced] = []
        for topic, count, start in _topics(data, at):
            for number in range(count):
                partition, code, offset, taken_ms, _ = _PRODUCED.unpack_from(
                    data, start + number * _PRODUCED.size
                )
                found.append(Produced(TopicPartition(topic, partition), code, offset, taken_ms))
        return found


def _topics(data: bytes, at: int) -> Iterable[tuple[str, int, int]]:
    """(topic, how many partitions, where the first begins) of a produce reply."""
    (topics,) = _INT.unpack_from(data, at)
    at += 4
    for _ in range(topics):
        topic, at = _text(data, at)
        (count,) = _INT.unpack_from(data, at)
        yield topic, count, at + 4
        at += 4 + count * _PRODUCED.size


class ProduceRequest(Request):
    """One batch for each of some topic partitions; answered once all in-sync replicas have them."""

    API_KEY = 0
    API_VERSION = 7
    RESPONSE_TYPE = _ProduceReply

    def __init__(self, batches: Sequence[tuple[TopicPartition, bytes]], timeout_ms: int) -> None:
        topics: dict[str, list[bytes]] = {}
        for place, data in batches:
            parts = topics.setdefault(place.topic, [])
            parts += (_INT.pack(place.partition), _INT.pack(len(data)), data)
        body = [_PRODUCE_HEAD.pack(-1, _ALL_REPLICAS, timeout_ms, len(topics))]
        for topic, parts in topics.items():
            body += (_packed(topic), _INT.pack(len(parts) // 3), *parts)
        super().__init__(b"".join(body))


class Fetched(NamedTuple):
    """What one topic partition answered. `end`: its high watermark; `begin`: where its log begins now."""

    place: TopicPartition
    code: int
    end: int
    begin: int
    aborted: Sequence[tuple[int, int]]
    records: bytes


class FetchReply(NamedTuple):
    """An answer as a whole: its error code, the session that it belongs to, and the partitions that had something."""

    code: int
    session: int
    parts: Sequence[Fetched]

    @staticmethod
    def decode(buffer: BytesIO) -> FetchReply:
        """Read the body of a reply."""
        data = buffer.getvalue()
        _, code, session, topics = _FETCHED_HEAD.unpack_from(data, at := buffer.tell())
        at += _FETCHED_HEAD.size
        parts: list[Fetched] = []
        for _ in range(topics):
            topic, at = _text(data, at)
            (count,) = _INT.unpack_from(data, at)
            at += 4
            for _ in range(count):
                part, at = _fetched(topic, data, at)
                parts.append(part)
        return FetchReply(code, session, parts)


def _fetched(topic: str, data: bytes, at: int) -> tuple[Fetched, int]:
    partition, code, end, _, begin, aborts = _FETCHED_PLACE.unpack_from(data, at)
    at += _FETCHED_PLACE.size
    aborted = [_ABORTED.unpack_from(data, at + n * _ABORTED.size) for n in range(aborts)]
    at += max(0, aborts) * _ABORTED.size + 4  # and the preferred replica
    (length,) = _INT.unpack_from(data, at)
    at += 4
    stop = at + max(0, length)
    return Fetched(TopicPartition(topic, partition), code, end, begin, aborted, data[at:stop]), stop


class FetchRequest(Request):
    """Ask for what is new in some topic partitions, within a session (0 and epoch 0: begin one).

    `wanted`: partitions whose offset the session does not know; `forgotten`: those that it need not answer any more.
    """

    API_KEY = 1
    API_VERSION = 11
    RESPONSE_TYPE = FetchReply

    def __init__(
        self,
        session: tuple[int, int],
        wanted: Iterable[tuple[TopicPartition, int]],
        forgotten: Iterable[TopicPartition],
        wait_ms: int,
        max_bytes: tuple[int, int],
    ) -> None:
        in_all, each = max_bytes
        topics: dict[str, list[bytes]] = {}
        for place, offset in wanted:
            packed = _FETCH_PLACE.pack(place.partition, -1, offset, -1, each)
            topics.setdefault(place.topic, []).append(packed)
        gone: dict[str, list[bytes]] = {}
        for place in forgotten:
            gone.setdefault(place.topic, []).append(_INT.pack(place.partition))
        head = _FETCH_HEAD.pack(-1, wait_ms, 1, in_all, _READ_COMMITTED, *session)
        super().__init__(b"".join((head, *_listed(topics), *_listed(gone), _packed(""))))


def _listed(topics: Mapping[str, Sequence[bytes]]) -> Iterable[bytes]:
    yield _INT.pack(len(topics))
    for topic, parts in topics.items():
        yield _packed(topic)
        yield _INT.pack(len(parts))
        yield from parts


def _packed(text: str) -> bytes:
    data = text.encode()
    return _SHORT.pack(len(data)) + data


def _text(data: bytes, at: int) -> tuple[str, int]:
    (length,) = _SHORT.unpack_from(data, at)
    at += 2
    return data[at : at + length].decode(), at + length


class Session:
    """What a broker remembers of our fetch, so that a request names only what has changed (KIP-227)."""

    def __init__(self) -> None:
        self._id = 0
        self._epoch = 0
        self.known: dict[TopicPartition, int] = {}

    def request(
        self, wanted: Mapping[TopicPartition, int], wait_ms: int, max_bytes: tuple[int, int]
    ) -> FetchRequest:
        """The next request: offsets that the broker does not know yet, and what it may forget."""
        known = self.known
        changed = [pair for pair in wanted.items() if known.get(pair[0]) != pair[1]]
        forgotten = [place for place in known if place not in wanted]
        self.known = dict(wanted)
        return FetchRequest((self._id, self._epoch), changed, forgotten, wait_ms, max_bytes)

    def answered(self, reply: FetchReply) -> bool:
        """Take note of a reply; False where the broker has lost the session and a new one must begin."""
        if reply.code:
            self.begin_anew()
            return False
        if reply.session == 0:
            self.begin_anew()
            return True
        self._id = reply.session
        self._epoch = 1 if self._epoch == _LAST_EPOCH else self._epoch + 1
        return True

    def begin_anew(self) -> None:
        """Forget the session: the next request names everything."""
        self._id = self._epoch = 0
        self.known = {}
