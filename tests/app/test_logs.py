"""A worker's log says what is wrong, and not a hundred times a second."""

from __future__ import annotations

import logging

from app.logs import AGAIN_S, MOST, Seldom


class Told:
    """A filter under a clock that is set by hand, and what came through it."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.lines: list[str] = []
        self.seldom = Seldom(lambda: self.now_s)

    def say(self, name: str, text: str, *arguments: object) -> None:
        record = logging.LogRecord(name, logging.ERROR, "", 0, text, arguments, None)
        if self.seldom.filter(record):
            self.lines.append(record.getMessage())


def test_what_a_client_repeats_is_said_once_in_ten_seconds_with_its_number() -> None:
    told = Told()
    for number in range(50):
        told.say("aiokafka", "Unable to connect to node %s", number)
    told.now_s += AGAIN_S
    told.say("aiokafka", "Unable to connect to node %s", 1)
    told.now_s += AGAIN_S
    told.say("aiokafka", "Unable to connect to node %s", 1)
    assert told.lines == [
        "Unable to connect to node 0",
        "Unable to connect to node 1 (and 49 lines like it)",
        "Unable to connect to node 1",
    ]


def test_something_else_is_said_at_once() -> None:
    told = Told()
    for text in ("one", "two", "one"):
        told.say("aiokafka.consumer.fetcher", text)
    told.say("app.kafka_client.fetch", "one")
    assert told.lines == ["one", "two", "one"]


def test_our_own_lines_are_all_said() -> None:
    told = Told()
    for _ in range(3):
        told.say("app.turns.partition", "%s: refused", "users/0")
    assert len(told.lines) == 3


def test_what_it_remembers_is_bounded() -> None:
    told = Told()
    for number in range(3 * MOST):
        told.say("aiokafka", f"line {number}")
    assert len(told.seldom._said) <= MOST
