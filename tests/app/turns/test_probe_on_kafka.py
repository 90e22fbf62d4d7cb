"""The watchdog's own hands on Kafka say what librdkafka says, and nothing where nobody answers."""

from __future__ import annotations

import secrets

import pytest
from confluent_kafka import Consumer, Producer

from app.kafka.files import LOOPBACK, free_port
from app.turns.probe import Probe
from app.turns.watchdog import Group, Place
from tests.integration.kafka import Kafka
from tests.integration.waiting import until

LIMIT_S = 30.0


@pytest.fixture
def kafka(broker: str) -> Kafka:
    return Kafka(broker)


@pytest.fixture
def topic(kafka: Kafka) -> str:
    name = f"probe-{secrets.token_hex(4)}"
    kafka.create(name, 3)
    places = [(name, number) for number in range(3)]
    until(lambda: is_led(Probe(kafka.bootstrap, "nobody"), places), LIMIT_S, f"{name} has leaders")
    return name


def is_led(probe: Probe, places: list[Place]) -> bool:
    """Does a leader answer for each?"""
    found = probe.ask(places)
    return found is not None and not found.troubled


def test_it_finds_where_every_partition_ends(kafka: Kafka, topic: str) -> None:
    """Given records in two of three partitions, then each ends where it does, and none is in trouble."""
    kafka.produce(topic, [("a", b"1"), ("b", b"2")], partition=0)
    kafka.produce(topic, [("c", b"3")] * 5, partition=2)
    found = Probe(kafka.bootstrap, "nobody").ask([(topic, 0), (topic, 1), (topic, 2)])
    assert found is not None
    assert found.ends == {(topic, 0): 2, (topic, 1): 0, (topic, 2): 5}
    assert found.troubled == frozenset()


def test_what_is_not_committed_is_not_there_yet(kafka: Kafka, topic: str) -> None:
    """Given a transaction that is open, then the end is before it; once it is committed, behind it."""
    probe = Probe(kafka.bootstrap, "nobody")
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "transactional.id": topic})
    producer.init_transactions(LIMIT_S)
    producer.begin_transaction()
    producer.produce(topic, b"x", partition=0)
    producer.flush(LIMIT_S)

    def end() -> int:
        found = probe.ask([(topic, 0)])
        return -1 if found is None else found.ends[topic, 0]

    assert end() == 0
    producer.commit_transaction(LIMIT_S)
    until(
        lambda: end() == 2, LIMIT_S, "the record and its commit are there"
    )  # a commit is a record of its own


def test_a_place_that_is_not_there_is_in_trouble(kafka: Kafka, topic: str) -> None:
    """Given a partition that a topic has not, and a topic that is not, then these two are in trouble."""
    missing = {(topic, 7), (f"{topic}-not", 0)}
    found = Probe(kafka.bootstrap, "nobody").ask([(topic, 0), *missing])
    assert found is not None
    assert found.troubled == missing
    assert f"{topic}-not" not in kafka.topics()


def test_no_broker_is_no_answer() -> None:
    """Given an address where nobody listens, then None, at once."""
    assert Probe(f"{LOOPBACK}:{free_port()}", "nobody", wait_s=1.0).ask([("t", 0)]) is None


def test_a_second_server_is_asked_where_the_first_is_away(kafka: Kafka, topic: str) -> None:
    """Given two bootstrap servers, the first of which is down, then the second answers."""
    found = Probe(f"{LOOPBACK}:{free_port()},{kafka.bootstrap}", "nobody").ask([(topic, 0)])
    assert found is not None
    assert found.ends == {(topic, 0): 0}


def test_it_tells_members_that_were_given_nothing_from_those_that_were(kafka: Kafka, topic: str) -> None:
    """Given four members for three partitions, then one of them is idle; once all have left, there is nobody."""
    group = f"group-{topic}"
    probe = Probe(kafka.bootstrap, group)
    members = [
        Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": group, "session.timeout.ms": 6000})
        for _ in range(4)
    ]
    for member in members:
        member.subscribe([topic])

    def is_shared(group: Group | None) -> bool:
        mine = sum(bool(member.assignment()) for member in members)
        return group is not None and (group.state, group.members, len(group.idle), mine) == (
            "Stable",
            4,
            1,
            3,
        )

    def stands() -> Group | None:
        for member in members:
            member.poll(0)
        found = probe.ask([(topic, 0)])
        return None if found is None else found.group

    until(lambda: is_shared(stands()), LIMIT_S, "four members, one idle")
    found = stands()
    assert found is not None
    assert found.idle == {member.memberid() for member in members if not member.assignment()}
    for member in members:
        member.close()
    members.clear()
    until(lambda: stands() == Group("Empty", 0), LIMIT_S, "nobody is left")
