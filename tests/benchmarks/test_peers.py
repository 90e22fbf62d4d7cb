"""The work that the peers do is our work: the same rules, and the same messages from the same events."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchmarks.campaigns import COUNT, campaigns
from benchmarks.clickstream import Clickstream
from benchmarks.one_partition import TOPICS, Event, InForce, OnePartition
from benchmarks.peers import work
from benchmarks.peers.__main__ import QUIX, STREAMS
from benchmarks.peers.fetching import HERE
from benchmarks.peers.rules import parts, rules
from benchmarks.peers.work import Work, new_state, time_of
from tables.store import Folders

START_MS = 1_780_300_800_000
EVENTS = 6_000
USERS = 300
STEP_MS = 7_200.0  # twelve hours in all


def orders_of_work(count: int) -> set[str]:
    """Message ids by the peers' work; a user's timers fire at the user's own next event, all others at the end."""
    decide, found = Work(rules(campaigns())), set()
    states: dict[str, dict[str, Any]] = {}
    for offset, sent in enumerate(Clickstream(USERS, START_MS, STEP_MS).events(count)):
        state = states.setdefault(sent.user, new_state())
        event = msgspec.json.decode(sent.value)
        now_ms = time_of(event)
        fired = decide.fire(sent.user, state, now_ms)
        found |= {order["message_id"] for order in fired}
        found |= {each["message_id"] for each in decide.decide(sent.user, state, event, offset, now_ms)}
    last_ms = START_MS + int((count - 1) * STEP_MS)
    for user, state in states.items():
        found |= {order["message_id"] for order in decide.fire(user, state, last_ms)}
    return found


def orders_of_ours(count: int, folder: Path) -> set[str]:
    """Message ids by the users actor, over the same events."""
    sent: set[str] = set()

    class Listening(OnePartition):
        def noted(self, topic: str, value: bytes) -> None:
            if topic == TOPICS.sends("fcm"):
                sent.add(msgspec.msgpack.decode(value)["push"]["message_id"])

    store = Folders(folder).open("users", 0)
    partition = Listening(store, InForce(campaigns()))
    source = Clickstream(USERS, START_MS, STEP_MS).events(count)
    records = [
        Event(TOPICS.events, 0, number, START_MS + int(number * STEP_MS), each.user.encode(), each.value)
        for number, each in enumerate(source)
    ]
    partition.take(records, 500)
    store.close()
    return sent


def test_the_peers_send_what_we_send(tmp_path: Path) -> None:
    """Given the benchmark's events and campaigns, then the peers' work and our users actor name the same messages."""
    theirs, ours = orders_of_work(EVENTS), orders_of_ours(EVENTS, tmp_path)
    assert len(ours) > EVENTS // 40
    assert theirs == ours


def test_there_is_a_rule_for_every_campaign() -> None:
    found = rules(campaigns())
    assert len(found) == COUNT
    assert {rule["repeat"] for rule in found if rule["unless"]} == {"restart", "keep_first", "each"}
    assert {rule["quiet"]["then"] for rule in found if rule["quiet"]} == {"hold", "drop"}


def test_a_template_is_cut_into_text_and_places() -> None:
    assert parts("{{ user.first_name | default: 'friend' }}, hello {{ event.price }}") == [
        "", "user.first_name|friend", ", hello ", "event.price", "",
    ]  # fmt: skip


def test_an_event_that_was_seen_decides_nothing() -> None:
    """Given the same message twice, then the second changes nothing."""
    decide, state = Work(rules(campaigns())), new_state()
    sent = next(iter(Clickstream(USERS, START_MS, STEP_MS).events(1)))
    event = msgspec.json.decode(sent.value)
    decide.decide(sent.user, state, event, 0, START_MS)
    before = msgspec.json.encode(state)
    assert decide.decide(sent.user, state, event, 1, START_MS) == []
    assert msgspec.json.encode(state) == before


def test_the_work_needs_nothing_that_is_installed() -> None:
    """Given the file that runs in the peer's own environment, then it imports nothing but Python's own."""
    text = Path(work.__file__).read_text(encoding="utf-8")
    found = set(re.findall(r"^(?:from|import) (\w+)", text, re.M))
    assert found == {"__future__", "base64", "datetime", "functools", "hashlib", "typing", "zoneinfo"}


@pytest.mark.parametrize(
    "name", ["REMEMBERED_IDS", "REMEMBERED_OFFSETS", "REMEMBERED_ANSWERS", "PUSHES_A_DAY"]
)
def test_java_and_python_remember_the_same(name: str) -> None:
    java = (HERE / "kafka-streams" / "src" / "peer" / "Work.java").read_text(encoding="utf-8")
    assert f"{name} = {getattr(work, name)};" in java


def test_the_pinned_environment_is_the_one_that_the_lines_name() -> None:
    pinned = re.search(r"^quixstreams==(\S+)", (HERE / "quix.txt").read_text(encoding="utf-8"), re.M)
    pom = (HERE / "kafka-streams" / "pom.xml").read_text(encoding="utf-8")
    streams = re.search(r"<artifactId>kafka-streams</artifactId>\s*<version>(\S+)</version>", pom)
    assert pinned is not None
    assert streams is not None
    assert all(f"Quix Streams {pinned[1]}," in name for name in QUIX.values())
    assert all(f"Kafka Streams {streams[1]}," in name for name in STREAMS.values())
