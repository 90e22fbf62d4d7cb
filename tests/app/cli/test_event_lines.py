"""Lines of JSON as events, and where producers put their keys."""

from __future__ import annotations

import pytest
from aiokafka.partitioner import DefaultPartitioner

from app.cli.event_lines import Line, LineProblem, read_lines
from app.partitioning import partition_of

NOW_MS = 1_700_000_000_000


def read(*lines: bytes, stream_clock: bool = True) -> list[Line | LineProblem]:
    return list(read_lines(lines, NOW_MS, stream_clock=stream_clock))


def test_the_key_is_the_user_else_the_anonymous_id() -> None:
    named = b'{"type": "track", "event": "x", "userId": "u1", "anonymousId": "a1"}'
    nameless = b'{"type": "track", "event": "x", "anonymousId": "a1"}'

    assert read(named, nameless) == [Line(b"u1", named), Line(b"a1", nameless)]


def test_empty_lines_count_and_are_left_out() -> None:
    [problem] = read(b"", b"  \r", b"{")

    assert isinstance(problem, LineProblem)
    assert problem.line == 3


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "unreadable"),
        (b"[]", "wrong_type"),
        (b'{"type": "track", "event": 1, "userId": "u"}', "wrong_type"),
        (b'{"type": "track", "userId": "u"}', "wrong_type"),
        (b'{"type": "track", "event": "x"}', "no_user"),
        (b'{"type": "dance", "userId": "u"}', "unknown_kind"),
        (b'{"type": "track", "event": "x", "userId": "u", "timestamp": "1970-01-01T00:00:00Z"}', "time_out_of_range"),
        (b'{"type": "track", "event": "x", "userId": "u", "timestamp": 4102444800}', "time_out_of_range"),
        (b'{"type": "track", "event": "x", "userId": "' + b"u" * 40_000 + b'"}', "too_large"),
        (b'{"type": "tick", "timestamp": 1700000000}', "tick"),
    ],
)  # fmt: skip
def test_what_a_worker_would_refuse_is_a_problem(line: bytes, reason: str) -> None:
    [problem] = read(line, stream_clock=False)

    assert isinstance(problem, LineProblem)
    assert (problem.line, problem.reason) == (1, reason)
    assert str(problem).startswith(f"line 1: {reason}: ")


@pytest.mark.parametrize("key", [b"u1", b"u2", b"u-17", b"", "ü".encode(), b"0" * 99])
def test_murmur2_is_what_aiokafka_does(key: bytes) -> None:
    assert partition_of(key, 8, "murmur2") == DefaultPartitioner()(key, list(range(8)), [])


@pytest.mark.parametrize(("key", "checksum"), [(b"123456789", 0xCBF43926), (b"a", 0xE8B7BE43)])
def test_crc32_is_the_one_of_zlib_as_in_librdkafka(key: bytes, checksum: int) -> None:
    assert partition_of(key, 7, "crc32") == checksum % 7
