"""`event`: what is sent stands in Kafka, keyed and placed, all of it or nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from confluent_kafka import Producer

from app.partitioning import Partitioner, partition_of
from tests.app.cli.invoking import Commands

pytestmark = pytest.mark.integration


def an_event(number: int) -> str:
    message = {"type": "track", "event": "cart", "userId": f"u{number}", "messageId": f"m{number}"}
    return json.dumps(message) + "\n"


def followed(commands: Commands, count: int) -> list[dict[str, object]]:
    said = commands.run("event", "tail", "--from-start", "--limit", str(count), "--json")
    assert said.code == 0
    return [json.loads(line) for line in said.out.splitlines()]


@pytest.mark.parametrize("partitioner", ["murmur2", "crc32"])
def test_events_of_a_file_are_placed_by_their_key_in_order(
    commands: Commands, tmp_path: Path, partitioner: Partitioner
) -> None:
    (tmp_path / "carillon.yaml").write_text(f"partitions: 2\npartitioner: {partitioner}\n")
    lines = [an_event(number) for number in range(50)]
    (tmp_path / "events.jsonl").write_text("".join(lines))

    sent = commands.done("event", "send", "events.jsonl")

    assert (sent["sent"], sent["skipped"]) == (50, 0)
    records = followed(commands, 50)
    for record in records:
        assert record["partition"] == partition_of(str(record["key"]).encode(), 2, partitioner)
    for partition in (0, 1):
        found = [record["value"] for record in records if record["partition"] == partition]
        assert found == [line.strip() for line in lines if line.strip() in found]
        assert len(found) > 10


def test_crc32_is_where_librdkafka_puts_its_keys(commands: Commands) -> None:
    producer = Producer({"bootstrap.servers": commands.environment["CARILLON_KAFKA"]})
    for number in range(20):
        producer.produce(commands.environment["CARILLON_EVENTS"], b"{}", key=f"u{number}".encode())
    assert producer.flush(30) == 0

    for record in followed(commands, 20):
        assert record["partition"] == partition_of(str(record["key"]).encode(), 2, "crc32")


def test_with_one_bad_line_nothing_is_sent(commands: Commands) -> None:
    given = an_event(1) + "{broken\n" + an_event(2)

    said = commands.run("event", "send", "-", given=given)

    assert (said.code, said.out) == (2, "")
    assert "line 2: unreadable" in said.errors
    assert "1 of 3 lines" in said.errors
    skipped = commands.done("event", "send", "-", "--skip-invalid", given=given)
    assert (skipped["sent"], skipped["skipped"]) == (2, 1)
    assert {record["key"] for record in followed(commands, 2)} == {"u1", "u2"}


def test_a_file_that_is_not_there(commands: Commands) -> None:
    said = commands.run("event", "send", "gone.jsonl")

    assert (said.code, said.out) == (2, "")
    assert "gone.jsonl cannot be read: No such file" in said.errors


def test_a_tick_stands_in_every_partition_without_a_key(commands: Commands) -> None:
    sent = commands.done("event", "tick", "2024-07-02T00:00:00Z")

    assert (sent["partitions"], sent["time"]) == (2, "2024-07-02T00:00:00.000Z")
    records = followed(commands, 2)
    assert sorted(str(record["partition"]) for record in records) == ["0", "1"]
    for record in records:
        assert record["key"] is None
        assert json.loads(str(record["value"])) == {"type": "tick", "timestamp": "2024-07-02T00:00:00.000Z"}


def test_a_tick_that_a_worker_would_refuse_is_not_sent(commands: Commands) -> None:
    assert commands.run("event", "tick", "1970-01-01T00:00:00Z").code == 2
    assert commands.run("event", "tick", "2100-01-01T00:00:00Z", CARILLON_CLOCK="wall").code == 2
    assert commands.run("event", "tick", "2100-01-01T00:00:00Z").code == 0


def test_settings_that_would_put_events_elsewhere_are_refused(commands: Commands, tmp_path: Path) -> None:
    (tmp_path / "carillon.yaml").write_text("partitions: 3\n")

    said = commands.run("event", "send", "-", given=an_event(1))

    assert (said.code, said.out) == (1, "")
    assert "has 2 partitions, and the settings say 3" in said.errors
