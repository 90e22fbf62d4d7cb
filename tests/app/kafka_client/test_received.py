"""Record batches as records: the same as aiokafka's `PartitionRecords` makes of the same bytes."""

from __future__ import annotations

from typing import Any, NamedTuple

import aiokafka.codec
import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.errors import CorruptRecordException, RecordTooLargeError, UnsupportedCodecError
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given, settings
from hypothesis import strategies as st

from app.kafka_client.batch import BATCH_BYTES, Batch, Identity
from app.kafka_client.received import NO_TIME, Received, received
from tests.app.kafka_client.cluster import a_batch, reseal

PLACE = TopicPartition("events", 3)
COMMIT, ABORT = b"\0\0\0\1", b"\0\0\0\0"
LOG_APPEND, TRANSACTIONAL, CONTROL = 0x08, 0x10, 0x20
BYTES = st.none() | st.binary(max_size=12)
HEADERS = st.lists(st.tuples(st.text(max_size=5), st.none() | st.binary(max_size=5)), max_size=2)


class Piece(NamedTuple):
    """One batch in a log. `gone`: how many records compaction has taken from its end."""

    producer: int
    kind: str
    records: list[tuple[int, bytes | None, bytes | None, list[tuple[str, bytes | None]]]]
    gone: int
    codec: int


RECORDS = st.lists(st.tuples(st.integers(0, 1 << 41), BYTES, BYTES, HEADERS), min_size=1, max_size=4)
PIECES = st.lists(
    st.builds(
        Piece,
        st.integers(1, 3),
        st.sampled_from(["plain", "transactional", "commit", "abort", "log append time"]),
        RECORDS,
        st.integers(0, 3),
        st.sampled_from([0, 1]),
    ),
    max_size=12,
)


def written(base: int, piece: Piece) -> tuple[bytes, int]:
    """(the batch, the offset after it)."""
    marker = {"commit": COMMIT, "abort": ABORT}.get(piece.kind)
    codec = 0 if marker else piece.codec
    transactional = piece.kind == "transactional" or marker is not None
    builder = DefaultRecordBatchBuilder(2, codec, int(transactional), piece.producer, 0, 0, 1 << 20)
    records = piece.records if marker is None else [(1, marker, b"\0\0\0\0\0\0", [])]
    for number, (time_ms, key, value, headers) in enumerate(records):
        builder.append(number, time_ms, key, value, headers)
    data = bytearray(builder.build())
    data[0:8] = base.to_bytes(8, "big")
    if marker:
        data[22] |= CONTROL
    if piece.kind == "log append time":
        data[22] |= LOG_APPEND
    last = len(records) - 1 + (0 if marker else piece.gone)
    data[23:27] = last.to_bytes(4, "big")
    reseal(data)
    return bytes(data), base + last + 1


def a_log(pieces: list[Piece], base: int = 0, offset: int = 0) -> tuple[bytes, list[tuple[int, int]], int]:
    """(bytes, aborted transactions as a broker lists them, end), from the batch that holds `offset` on."""
    data, at, open_since, aborted = b"", base, dict[int, int](), list[tuple[int, int]]()
    for piece in pieces:
        if piece.kind == "transactional":
            open_since.setdefault(piece.producer, at)
        elif piece.kind in ("commit", "abort"):
            first = open_since.pop(piece.producer, None)
            if piece.kind == "abort" and first is not None:
                aborted.append((piece.producer, first))
        some, at = written(at, piece)
        data += some if at > offset else b""
    return data, aborted, at


def theirs(data: bytes, offset: int, aborted: list[tuple[int, int]]) -> tuple[list[Received], int]:
    """What aiokafka makes of it."""
    found = PartitionRecords(PLACE, MemoryRecords(data), aborted, offset, None, None, True, READ_COMMITTED)
    records = [
        Received(r.topic, r.partition, r.offset, r.timestamp, r.key, r.value, list(r.headers)) for r in found
    ]
    return records, found.next_fetch_offset


@settings(max_examples=80, deadline=None)
@given(PIECES.filter(bool), st.integers(0, 1 << 40), st.data())
def test_we_read_what_aiokafka_reads(pieces: list[Piece], base: int, data: Any) -> None:
    """Given transactions committed, taken back and open, control batches, gaps and compression."""
    _, _, end = a_log(pieces, base)
    offset = data.draw(st.integers(base, end - 1))
    log, aborted, _ = a_log(pieces, base, offset)
    assert received(PLACE, log, offset, aborted) == theirs(log, offset, aborted)


@settings(max_examples=60, deadline=None)
@given(PIECES.filter(bool), st.data())
def test_a_batch_that_is_cut_off_is_left_for_the_next_fetch(pieces: list[Piece], data: Any) -> None:
    log, aborted, _ = a_log(pieces)
    first = 12 + int.from_bytes(log[8:12], "big")
    cut = data.draw(st.integers(first, len(log)))
    assert received(PLACE, log[:cut], 0, aborted) == theirs(log[:cut], 0, aborted)


def test_a_fetch_without_a_whole_batch_is_an_error() -> None:
    log = a_batch(0, b"value")
    with pytest.raises(RecordTooLargeError, match="no whole batch"):
        received(PLACE, log[:-1], 0, [])


def test_the_time_of_the_log_counts_where_the_log_says_so() -> None:
    log, _ = written(0, Piece(1, "log append time", [(5, None, b"", []), (9, None, b"", [])], 0, 0))
    assert [each.timestamp for each in received(PLACE, log, 0, [])[0]] == [9, 9]


def test_a_batch_that_compaction_has_emptied_is_passed() -> None:
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1 << 20)
    data = bytearray(builder.build())
    data[0:8] = (40).to_bytes(8, "big")
    data[23:27] = (9).to_bytes(4, "big")
    reseal(data)
    assert received(PLACE, bytes(data), 40, []) == ([], 50)


@pytest.mark.parametrize("magic", [0, 1])
@pytest.mark.parametrize("codec", [0, 1])
def test_batches_of_the_old_formats_are_read(magic: Any, codec: int) -> None:
    builder = LegacyRecordBatchBuilder(magic, codec, 1 << 20)
    for offset in range(3):
        builder.append(offset, 70 + offset, b"k", b"%d" % offset)
    log = bytearray(builder.build())
    if codec:
        log[0:8] = (2).to_bytes(8, "big")  # the broker gives a compressed batch the offset of its last record
    found, after = received(PLACE, bytes(log), 1, [])
    assert [(each.offset, each.value) for each in found] == [(1, b"1"), (2, b"2")]
    assert [each.timestamp for each in found] == ([71, 72] if magic else [NO_TIME, NO_TIME])
    assert (list(found[0].headers), after) == ([], 3)


def test_a_first_batch_with_a_wrong_checksum_is_an_error() -> None:
    log = bytearray(a_batch(0, b"value"))
    log[-2] ^= 1
    with pytest.raises(CorruptRecordException, match="checksum"):
        received(PLACE, bytes(log), 0, [])


def test_what_stands_before_a_wrong_batch_is_read_and_the_next_fetch_begins_with_it() -> None:
    wrong = bytearray(a_batch(2, b"c"))
    wrong[-2] ^= 1
    found, after = received(PLACE, a_batch(0, b"a", b"b") + bytes(wrong) + a_batch(3, b"d"), 0, [])
    assert [each.value for each in found] == [b"a", b"b"]
    assert after == 2


@pytest.mark.parametrize(("codec", "library"), [(2, "snappy"), (3, "lz4"), (4, "zstd")])
def test_a_codec_whose_library_is_missing_is_named(codec: int, library: str) -> None:
    if getattr(aiokafka.codec, f"has_{library}")():
        pytest.skip(f"{library} is here")
    log = bytearray(a_batch(0, b"value"))
    log[22] |= codec
    reseal(log)
    with pytest.raises(UnsupportedCodecError, match=library):
        received(PLACE, bytes(log), 0, [])


@settings(max_examples=60, deadline=None)
@given(RECORDS, st.integers(0, 1 << 40), st.integers(0, 9), st.integers(0, (1 << 31) - 1))
def test_our_batches_are_those_of_aiokafka(records: Any, pid: int, epoch: int, sequence: int) -> None:
    ours = Batch(Identity(pid, epoch), sequence)
    builder = DefaultRecordBatchBuilder(2, 0, 0, pid, epoch, sequence, BATCH_BYTES)
    for number, (time_ms, key, value, headers) in enumerate(records):
        ours.append(key, value, time_ms, headers)
        builder.append(number, time_ms, key, value, headers)
    assert ours.build() == bytes(builder.build())
    assert ours.next_sequence == (sequence + len(records)) % (1 << 31)


def test_a_batch_says_when_it_is_full() -> None:
    batch = Batch(Identity(1, 0), 0)
    batch.append(b"k", b"x" * (BATCH_BYTES - 200), 1)
    with pytest.raises(ValueError, match="more than fits"):
        batch.append(b"k", b"x" * 200, 1)
    assert batch.next_sequence == 1
