"""Bad input through a real worker: a dead letter each, and neighbours that notice nothing."""

from __future__ import annotations

import hashlib
import json
from typing import Any, NamedTuple

import pytest

from app.cli.output import time_text
from app.clock import now_ms
from tests.chaos import broken
from tests.integration.fixtures import Systems
from tests.integration.judging import ids_of
from tests.integration.notes import note
from tests.integration.system import System
from tests.integration.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

LARGE = 1_000_000
DEEP = 10_000
PING = """\
campaign: ping
when: {event: ping}
what: {title: "Ping {{ event.number }}", body: Pong}
"""
FRAGILE = """\
campaign: fragile
when: {event: fragile}
what: {title: "{{ 1 | divided_by: event.zero }}", body: Never}
"""


class Bad(NamedTuple):
    """A record that cannot be decided on, and why: `key` None leaves the key out."""

    name: str
    reason: str
    value: bytes | None
    key: str | None = "u-good"


def track(event: str, number: int, user: str = "u-good", **fields: Any) -> dict[str, Any]:
    """An event of now."""
    message = {"type": "track", "messageId": f"{event}-{number}", "userId": user, "event": event}
    return message | {"timestamp": time_text(now_ms()), "properties": {"number": number}} | fields


def packed(message: dict[str, Any]) -> bytes:
    """As it stands on Kafka."""
    return json.dumps(message).encode()


def without(message: dict[str, Any], *names: str) -> bytes:
    """A message that lacks something."""
    return packed({name: value for name, value in message.items() if name not in names})


def bad_records() -> list[Bad]:
    """One of each kind."""
    event = track("ping", -1)
    large = packed(track("ping", -1, properties={"text": ""}))
    padded = large.replace(b'"text": ""', b'"text": "' + b"x" * (LARGE - len(large)) + b'"')
    deep = b'{"a":' * DEEP + b"1" + b"}" * DEEP
    return [
        Bad("broken JSON", "unreadable", b'{"type": "track", "event": '),
        Bad("neither JSON nor MessagePack", "unreadable", b"\xc1\x00\xff"),
        Bad("no value", "unreadable", None),
        Bad("an event that is a number", "wrong_type", packed(event | {"event": 5})),
        Bad("properties that are a list", "wrong_type", packed(event | {"properties": [1]})),
        Bad("a time that is an object", "wrong_type", packed(event | {"timestamp": {}})),
        Bad("a time without a zone", "wrong_type", packed(event | {"timestamp": "2026-01-01T00:00:00"})),
        Bad("1,000,000 bytes", "too_large", padded),
        Bad("nested too deep", "too_large", deep),
        Bad("no user", "no_user", without(event, "userId")),
        Bad("no key", "no_user", packed(event), key=None),
        Bad("1970", "time_out_of_range", packed(event | {"timestamp": "1970-01-01T00:00:00Z"})),
        Bad("2100", "time_out_of_range", packed(event | {"timestamp": "2100-01-01T00:00:00Z"})),
        Bad("an unknown type", "unknown_kind", packed(event | {"type": "purchase"})),
        Bad("a bug in the decision", "failed_step", packed(track("explode", -1))),
    ]


class Sent(NamedTuple):
    """What was sent: the places of the bad ones by name, and how many good ones stood between them."""

    system: System
    bad: dict[str, tuple[Bad, int, int]]
    good: int


@pytest.fixture(scope="module")
def sent(shared_systems: Systems) -> Sent:
    """One batch: every bad record between two good ones of the same user; decided by one worker."""
    system = shared_systems.make(partitions=2, clock="wall")
    system.start_sink()
    system.settings(caps=[])
    system.done("setup")
    files = [system.write(f"{name}.yaml", text) for name, text in (("ping", PING), ("fragile", FRAGILE))]
    system.done("campaign", "apply", "--schedule", *files)
    system.start_workers(1, broken.program("failing_step"))
    device = {"id": "d-1", "type": "android", "token": "tok-good", "push": "allowed"}
    records: list[tuple[str | None, bytes | None]] = [
        ("u-good", packed({"type": "identify", "userId": "u-good", "context": {"device": device}}))
    ]
    bad = bad_records()
    for number, each in enumerate(bad):
        records += [(each.key, each.value), ("u-good", packed(track("ping", number)))]
    system.kafka.produce(system.topics.events, records)
    until(lambda: len(ids_of(system.decisions(), "accepted")) >= len(bad), 60, "the good are sent", 0.2)
    system.settle()
    return Sent(system, {each.name: _place(system, each) for each in bad}, len(bad))


def _place(system: System, bad: Bad) -> tuple[Bad, int, int]:
    """Where a bad record stands."""
    key = None if bad.key is None else bad.key.encode()
    for record in system.kafka.read(system.topics.events, raw=True):
        if (record.key(), record.value()) == (key, bad.value):
            return bad, record.partition(), record.offset()
    raise AssertionError(f"{bad.name} is not on the topic")


@pytest.mark.parametrize("name", [each.name for each in bad_records()])
def test_each_is_one_dead_letter_with_its_reason_and_place(sent: Sent, name: str) -> None:
    """Given a bad record among good ones, then it is dead once, told why, and can be found again."""
    bad, partition, offset = sent.bad[name]
    letters = [each for each in sent.system.dead_letters() if each["offset"] == offset]
    found = [each for each in letters if each["partition"] == partition]
    assert [(each["reason"], each["topic"]) for each in found] == [(bad.reason, sent.system.topics.events)]


def test_the_neighbours_notice_nothing(sent: Sent) -> None:
    """Given bad records between them, then every good event is decided once and its push taken once."""
    decisions = sent.system.decisions()
    assert len(ids_of(decisions, "sent")) == len(set(ids_of(decisions, "accepted"))) == sent.good
    taken = [line for line in sent.system.received() if line["service"] == "fcm" and line["status"] == 200]
    assert len(taken) == len({line["message"] for line in taken}) == sent.good
    assert len(sent.system.dead_letters()) == len(sent.bad)


def test_a_large_one_is_kept_by_reference(sent: Sent) -> None:
    """Given an event of 1,000,000 bytes, then its dead letter has size and SHA-256 in place of the value."""
    bad, _, offset = sent.bad["1,000,000 bytes"]
    assert bad.value is not None
    assert len(bad.value) == LARGE
    (letter,) = [each for each in sent.system.dead_letters() if each.get("size") == LARGE]
    assert letter["sha256"] == hashlib.sha256(bad.value).hexdigest()
    assert "value" not in letter
    assert letter["offset"] == offset


def test_an_unknown_device_and_a_template_that_raises_are_decisions_not_dead_letters(sent: Sent) -> None:
    """Given a device of no known type, and a template that divides by zero, then both drop with their reasons."""
    system, letters = sent.system, len(sent.system.dead_letters())
    device = {"id": "d-2", "type": "toaster", "token": "tok-toast", "push": "allowed"}
    odd = {"type": "identify", "userId": "u-odd", "context": {"device": device}}
    messages = [
        odd,
        track("ping", 900, "u-odd"),
        track("fragile", 901, properties={"zero": 0}),
        track("ping", 902),
    ]
    system.kafka.produce(system.topics.events, ((each["userId"], packed(each)) for each in messages))
    until(lambda: len(ids_of(system.decisions(), "accepted")) > sent.good, 60, "the last one is sent", 0.2)
    system.settle()
    dropped = {(each["user"], each["reason"]) for each in system.decisions() if each["step"] == "dropped"}
    assert dropped == {("u-odd", "push_unsupported"), ("u-good", "template_error")}
    assert len(system.dead_letters()) == letters


def test_after_a_restart_nothing_is_decided_again(sent: Sent) -> None:
    """Given a worker killed and started again, when one more event comes, then only that one is decided."""
    system = sent.system
    before, letters = {each["id"] for each in system.decisions()}, len(system.dead_letters())
    accepted = len(ids_of(system.decisions(), "accepted"))
    system.workers[0].kill()
    system.start_workers(1)
    system.feed([("u-good", track("ping", 999))])
    until(lambda: len(ids_of(system.decisions(), "accepted")) > accepted, 60, "the new one is sent", 0.2)
    system.settle()
    new = [each["step"] for each in system.decisions() if each["id"] not in before]
    note(f"bad input: {len(sent.bad)} kinds, {letters} dead letters; new decisions after a kill: {new}")
    assert sorted(new) == ["accepted", "attempted", "qualified", "sent"]
    assert len(system.dead_letters()) == letters
