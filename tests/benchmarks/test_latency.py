"""How latency is reckoned, and how its push service takes requests apart."""

from __future__ import annotations

import pytest

from benchmarks.latency import Journey
from benchmarks.push_service import take

REQUEST = b"POST /v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"


def test_a_mark_that_never_came_took_until_the_end_at_least() -> None:
    journey = Journey({"a": 1.0, "b": 2.0, "c": 3.0}, {"b": 2.5})
    assert journey.missing == 2
    assert journey.milliseconds(first=1, end_s=10.0) == [500.0, 7000.0]


def test_the_first_time_that_a_mark_comes_counts() -> None:
    journey = Journey({"a": 1.0})
    journey.came("a", 2.0)
    journey.came("a", 9.0)
    assert journey.milliseconds(first=0, end_s=10.0) == [1000.0]


def test_a_whole_request_is_taken_and_what_follows_is_left() -> None:
    assert take(REQUEST + b"POST") == (b"/v1/x", b"body", b"POST")


@pytest.mark.parametrize("length", range(0, len(REQUEST), 7))
def test_a_part_of_a_request_waits(length: int) -> None:
    assert take(REQUEST[:length]) is None


def test_a_request_without_a_body_is_whole_after_its_head() -> None:
    assert take(b"GET /token HTTP/1.1\r\n\r\n") == (b"/token", b"", b"")
