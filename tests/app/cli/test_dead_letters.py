"""`dlq`: what could not be decided on is kept whole, and goes back as it was (C160)."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from app.turns.watermark import SOURCE, source_header
from app.wire import DEAD_LETTER_BYTES, dead_letter
from tests.app.cli.invoking import Commands

pytestmark = pytest.mark.integration


class Source(NamedTuple):
    """A Kafka record that came to nothing."""

    topic: str
    partition: int
    offset: int
    key: bytes | None = b"u1"
    value: bytes | None = b"{broken"
    timestamp: int = 1_700_000_000_000
    headers: tuple[tuple[str, bytes], ...] = (("content-type", b"application/json"),)


class Letters:
    """Writes dead letters of an app's events, and reads what stands in them."""

    def __init__(self, commands: Commands) -> None:
        self.bootstrap = commands.environment["CARILLON_KAFKA"]
        self.events = commands.environment["CARILLON_EVENTS"]
        self.topic = f"{commands.environment['CARILLON_APP']}.dead-letters"

    def write(self, *letters: tuple[Source, str]) -> None:
        async def send() -> None:
            async with AIOKafkaProducer(bootstrap_servers=self.bootstrap) as producer:
                for record, reason in letters:
                    value = dead_letter(record, reason, f"it is {reason}")
                    await producer.send_and_wait(
                        self.topic, value, key=record.key, partition=record.partition
                    )

        asyncio.run(send())

    def replayed(self, partition: int, count: int) -> list[Any]:
        async def read() -> list[Any]:
            async with AIOKafkaConsumer(bootstrap_servers=self.bootstrap) as consumer:
                place = TopicPartition(self.events, partition)
                assert (await consumer.end_offsets([place]))[place] == count
                consumer.assign([place])
                await consumer.seek_to_beginning(place)
                return [await consumer.getone() for _ in range(count)]

        return asyncio.run(read())


@pytest.fixture
def letters(commands: Commands) -> Letters:
    return Letters(commands)


def test_list_and_show(commands: Commands, letters: Letters) -> None:
    assert commands.run("dlq", "list").out == "There are no dead letters.\n"
    letters.write(
        (Source(letters.events, 0, 7), "unreadable"),
        (Source(letters.events, 0, 9), "no_user"),
        (Source(letters.events, 1, 8), "no_user"),
    )

    listed = commands.done("dlq", "list")
    assert [each["record"] for each in listed] == [
        f"{letters.events}/{place}" for place in ("0/7", "0/9", "1/8")
    ]
    assert not any("value" in each for each in listed)
    assert [each["offset"] for each in commands.done("dlq", "list", "--reason", "no_user")] == [9, 8]
    newest = commands.run("dlq", "list", "--limit", "1")
    assert f"{letters.events}/1/8" in newest.out
    assert "3 dead letters; the newest 1 are shown" in newest.errors
    assert commands.run("dlq", "list", "--reason", "bad_luck").code == 2
    # by the place of either
    for place in (f"{letters.topic}/0/1", f"{letters.events}/0/9"):
        shown = commands.done("dlq", "show", place)
        assert (shown["id"], shown["reason"], shown["value"]) == (
            f"{letters.topic}/0/1",
            "no_user",
            "{broken",
        )
    said = commands.run("dlq", "show", f"{letters.topic}/0/1").out
    assert "reason: no_user\n" in said
    assert "time: 2023-11-14T22:13:20.000Z\n" in said
    assert commands.run("dlq", "show", f"{letters.topic}/0/99").code == 3


def test_a_replay_is_the_record_as_it_was(commands: Commands, letters: Letters) -> None:
    text = Source(letters.events, 1, 3)
    binary = Source(letters.events, 1, 4, b"\xff\x00", b"\x81\xa4type\xff", headers=(("content-type", b"x"),))
    letters.write((text, "unreadable"), (binary, "unreadable"))

    done = commands.done(
        "dlq", "replay", f"{letters.events}/1/3", f"{letters.topic}/1/1", f"{letters.events}/1/4"
    )

    assert [each["refused"] for each in done] == [None, None]
    for source, record in zip((text, binary), letters.replayed(1, 2), strict=True):
        place = f"{letters.events}/1/{source.offset}".encode()
        assert (record.key, record.value) == (source.key, source.value)
        assert record.headers == (*source.headers, ("x-replay-of", place))


def test_what_an_actor_relayed_does_not_pass_for_a_repeat(commands: Commands, letters: Letters) -> None:
    headers = ((SOURCE, source_header("users/0", 7, 1)), ("x-replay-of", b"events/0/0"))
    letters.write((Source(letters.events, 0, 5, headers=headers), "failed_step"))

    assert commands.run("dlq", "replay", "--reason", "failed_step").code == 0

    [record] = letters.replayed(0, 1)
    assert record.headers == (("x-replay-of", f"{letters.events}/0/5".encode()),)


def test_a_value_that_was_not_kept_is_refused_alone(commands: Commands, letters: Letters) -> None:
    large = Source(letters.events, 0, 1, value=b"x" * (DEAD_LETTER_BYTES + 1))
    lost = Source(letters.events, 7, 1)
    letters.write((large, "too_large"), (Source(letters.events, 0, 2), "too_large"))

    said = commands.run("dlq", "replay", "--reason", "too_large", "--json")

    assert said.code == 1
    assert [bool(each["refused"]) for each in said.value] == [True, False]
    assert "262145 bytes is not kept" in said.value[0]["refused"]
    [record] = letters.replayed(0, 1)
    assert record.value == b"{broken"
    letters.write((lost._replace(partition=1, topic="gone"), "unreadable"))
    assert "no partition 1 any more" in commands.run("dlq", "replay", "gone/1/1").out


def test_all_needs_a_yes_and_a_trial_sends_nothing(commands: Commands, letters: Letters) -> None:
    letters.write((Source(letters.events, 0, 1), "unreadable"))

    said = commands.run("dlq", "replay", "--all")
    assert (said.code, said.out) == (2, "")
    assert "--yes" in said.errors
    assert "would be sent again" in commands.run("dlq", "replay", "--all", "--dry-run").out
    letters.replayed(0, 0)
    assert commands.run("dlq", "replay", "--all", "--yes").code == 0
    letters.replayed(0, 1)


def test_it_must_be_said_which(commands: Commands) -> None:
    for arguments in ((), ("--all", "--reason", "no_user"), ("events/0/0", "--all")):
        assert commands.run("dlq", "replay", *arguments).code == 2
    assert commands.run("dlq", "replay", "events/0/0").code == 3
