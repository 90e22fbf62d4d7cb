"""Requests and replies as bytes: aiokafka's own classes read what we write, and we read what they write."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import FetchSessionIdNotFound, IncompatibleBrokerVersion, InvalidFetchSessionEpoch
from aiokafka.protocol.fetch import FetchRequest_v11, FetchResponse_v11
from aiokafka.protocol.produce import ProduceRequest_v7, ProduceResponse_v7
from hypothesis import given, settings
from hypothesis import strategies as st

from app.kafka_client.protocol import Fetched, FetchReply, FetchRequest, Produced, ProduceRequest, Session

FEW = settings(max_examples=30, deadline=None)
LONG = st.integers(-(1 << 63), (1 << 63) - 1)
INT = st.integers(0, (1 << 31) - 1)
CODES = st.integers(-1, 120)
TOPICS = st.text("abcXYZ019._-", min_size=1, max_size=30)
PLACES = st.builds(TopicPartition, TOPICS, INT)
DATA = st.binary(max_size=60)
ABORTED = st.none() | st.lists(st.tuples(LONG, LONG), max_size=3)


def by_place(topics: Any) -> dict[TopicPartition, Any]:
    """What aiokafka has read, without its grouping by topic."""
    return {
        TopicPartition(topic, first): rest
        for topic, partitions in topics
        for first, *rest in (each if isinstance(each, tuple) else (each,) for each in partitions)
    }


def grouped(found: dict[TopicPartition, tuple[Any, ...]]) -> list[tuple[str, list[tuple[Any, ...]]]]:
    """As aiokafka wants to write it."""
    topics: dict[str, list[tuple[Any, ...]]] = {}
    for place, rest in found.items():
        topics.setdefault(place.topic, []).append((place.partition, *rest))
    return list(topics.items())


@FEW
@given(st.dictionaries(PLACES, DATA, max_size=8), INT)
def test_aiokafka_reads_our_produce_request(batches: dict[TopicPartition, bytes], timeout_ms: int) -> None:
    read = ProduceRequest_v7.decode(BytesIO(ProduceRequest(list(batches.items()), timeout_ms).encode()))
    assert (read.transactional_id, read.required_acks, read.timeout) == (None, -1, timeout_ms)
    assert by_place(read.topics) == {place: [data] for place, data in batches.items()}


@FEW
@given(st.dictionaries(PLACES, DATA, max_size=8), INT)
def test_our_produce_request_is_the_same_bytes_as_theirs(
    batches: dict[TopicPartition, bytes], timeout_ms: int
) -> None:
    theirs = ProduceRequest_v7(
        None, -1, timeout_ms, grouped({place: (data,) for place, data in batches.items()})
    )
    assert ProduceRequest(list(batches.items()), timeout_ms).encode() == theirs.encode()


@FEW
@given(st.dictionaries(PLACES, st.tuples(CODES, LONG, LONG, LONG), max_size=8))
def test_we_read_aiokafkas_produce_response(answers: dict[TopicPartition, tuple[int, int, int, int]]) -> None:
    written = b"head" + ProduceResponse_v7(grouped(answers), 17).encode()
    buffer = BytesIO(written)
    buffer.read(4)
    found = ProduceRequest.RESPONSE_TYPE.decode(buffer)
    assert {each.place: each for each in found} == {
        place: Produced(place, code, offset, taken_ms)
        for place, (code, offset, taken_ms, _) in answers.items()
    }


@FEW
@given(
    st.tuples(INT, INT),
    st.dictionaries(PLACES, LONG, max_size=8),
    st.sets(PLACES, max_size=8),
    INT,
    st.tuples(INT, INT),
)
def test_our_fetch_request_is_the_same_bytes_as_theirs(
    session: tuple[int, int],
    wanted: dict[TopicPartition, int],
    forgotten: set[TopicPartition],
    wait_ms: int,
    max_bytes: tuple[int, int],
) -> None:
    ours = FetchRequest(session, wanted.items(), sorted(forgotten), wait_ms, max_bytes)
    gone: dict[str, list[int]] = {}
    for place in sorted(forgotten):
        gone.setdefault(place.topic, []).append(place.partition)
    theirs = FetchRequest_v11(
        -1,
        wait_ms,
        1,
        max_bytes[0],
        1,
        *session,
        grouped({place: (-1, offset, -1, max_bytes[1]) for place, offset in wanted.items()}),
        list(gone.items()),
        "",
    )
    assert ours.encode() == theirs.encode()


@FEW
@given(
    CODES,
    INT,
    st.dictionaries(PLACES, st.tuples(CODES, LONG, LONG, LONG, ABORTED, st.none() | DATA), max_size=8),
)
def test_we_read_aiokafkas_fetch_response(
    code: int, session: int, parts: dict[TopicPartition, tuple[Any, ...]]
) -> None:
    answered = {place: (*rest[:5], 7, rest[5]) for place, rest in parts.items()}
    buffer = BytesIO(b"head" + FetchResponse_v11(3, code, session, grouped(answered)).encode())
    buffer.read(4)
    found = FetchReply.decode(buffer)
    assert (found.code, found.session) == (code, session)
    assert {each.place: each for each in found.parts} == {
        place: Fetched(place, each, end, begin, list(aborted or ()), data or b"")
        for place, (each, end, _, begin, aborted, data) in parts.items()
    }


@pytest.mark.parametrize("versions", [{}, {0: (8, 13)}, {0: (0, 6)}])
def test_a_broker_that_lacks_our_version_is_told_so(versions: dict[int, tuple[int, int]]) -> None:
    with pytest.raises(IncompatibleBrokerVersion, match="not 7"):
        ProduceRequest([], 1).prepare(versions)


def test_a_broker_that_has_it_gets_the_request_as_it_is() -> None:
    request = FetchRequest((0, 0), (), (), 1, (1, 1))
    assert request.prepare({1: (4, 17)}) is request
    assert request.build_request_header(5, "me").encode() == b"\0\1\0\x0b\0\0\0\5\0\2me"


A, B, C = (TopicPartition("t", number) for number in range(3))


def asked(session: Session, wanted: dict[TopicPartition, int]) -> tuple[tuple[int, int], Any, Any]:
    """(session and epoch, offsets named, partitions forgotten) of the next request."""
    read = FetchRequest_v11.decode(BytesIO(session.request(wanted, 1, (1, 1)).encode()))
    named = {place: rest[1] for place, rest in by_place(read.topics).items()}
    gone = set(by_place(read.forgotten_topics_data))
    return (read.session_id, read.session_epoch), named, gone


def test_a_session_names_only_what_has_changed() -> None:
    session = Session()
    assert asked(session, {A: 1, B: 2}) == ((0, 0), {A: 1, B: 2}, set())
    assert session.answered(FetchReply(0, 9, []))
    assert asked(session, {A: 1, B: 2}) == ((9, 1), {}, set())
    session.answered(FetchReply(0, 9, []))
    assert asked(session, {A: 5, C: 0}) == ((9, 2), {A: 5, C: 0}, {B})
    session.answered(FetchReply(0, 9, []))
    assert asked(session, {A: 5, B: 2, C: 0}) == ((9, 3), {B: 2}, set())


@pytest.mark.parametrize("error", [FetchSessionIdNotFound, InvalidFetchSessionEpoch])
def test_a_session_that_the_broker_has_lost_begins_anew(error: Any) -> None:
    session = Session()
    session.request({A: 1}, 1, (1, 1))
    session.answered(FetchReply(0, 9, []))
    session.request({A: 2}, 1, (1, 1))
    assert not session.answered(FetchReply(error.errno, 0, []))
    assert asked(session, {A: 2}) == ((0, 0), {A: 2}, set())


def test_a_session_that_the_broker_refuses_names_everything_each_time() -> None:
    session = Session()
    for _ in range(2):
        assert asked(session, {A: 1, B: 2}) == ((0, 0), {A: 1, B: 2}, set())
        assert session.answered(FetchReply(0, 0, []))


def test_the_epoch_of_a_session_goes_on_from_one_after_the_last() -> None:
    session = Session()
    session._id, session._epoch = 9, 0x7FFFFFFF
    assert asked(session, {A: 1})[0] == (9, 0x7FFFFFFF)
    session.answered(FetchReply(0, 9, []))
    assert asked(session, {A: 1})[0] == (9, 1)
