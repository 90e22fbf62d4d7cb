"""What the sink remembers of what arrived."""

from __future__ import annotations

import msgspec
import pytest

from tests.transports.makers import NOW_MS, HandClock
from transports.sink.received import Received, line


def filled(count: int, kept: int = 100, kept_bytes: int = 10_000) -> Received:
    """A list with `count` arrivals of 10 bytes each."""
    received = Received(HandClock().now_ms, kept, kept_bytes)
    for number in range(1, count + 1):
        received.add("fcm", f"t-{number}", f"m-{number}", 200, b"0123456789")
    return received


@pytest.mark.parametrize(
    ("after", "limit", "numbers"),
    [
        (0, None, [1, 2, 3, 4, 5]),
        (3, None, [4, 5]),
        (5, None, []),
        (99, None, []),
        (0, 2, [1, 2]),
        (3, 9, [4, 5]),
        (2, 0, []),
    ],
)
def test_what_came_after_a_number(after: int, limit: int | None, numbers: list[int]) -> None:
    assert [entry.n for entry in filled(5).after(after, limit)] == numbers


def test_too_many_push_out_the_oldest_and_numbers_go_on() -> None:
    received = filled(250)

    assert [entry.n for entry in received.after(0)] == list(range(151, 251))
    assert [entry.n for entry in received.after(248)] == [249, 250]
    assert received.counts() == {
        "received": 250,
        "kept": 100,
        "in_flight": 0,
        "by_service": {"fcm": {"200": 250}},
    }


def test_too_large_pushes_out_the_oldest() -> None:
    assert [entry.n for entry in filled(10, kept_bytes=35).after(0)] == [8, 9, 10]


def test_the_newest_come_first() -> None:
    assert [entry.n for entry in filled(5).newest(2)] == [5, 4]


def test_a_request_is_in_flight_until_its_answer_even_if_that_fails() -> None:
    received = filled(1)
    entry = received.add("fcm", "t", "m", 200, b"")

    def fail() -> None:
        with received.waiting(entry):
            assert (received.in_flight(), entry.answered) == ([entry], 0)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (received.in_flight(), entry.answered) == ([], NOW_MS)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b'{"message":\n {"token": "t"}}', {"message": {"token": "t"}}),
        (b"not json\n", "not json\n"),
        (b"\xff", "\N{REPLACEMENT CHARACTER}"),
        (b"", ""),
    ],
)
def test_a_line_is_one_line_whatever_came(body: bytes, shown: object) -> None:
    received = Received(HandClock().now_ms)

    written = line(received.add("fcm", "t", "m", 400, body))

    assert written.count(b"\n") == 1
    assert msgspec.json.decode(written) == {
        "n": 1,
        "at": NOW_MS,
        "service": "fcm",
        "token": "t",
        "message": "m",
        "status": 400,
        "body": shown,
        "answered": 0,
    }
