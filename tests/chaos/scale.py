"""A run of millions of events: poured and evaluated in one pass, its decisions judged as they are read."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from confluent_kafka import Producer
from msgspec import Struct
from msgspec.json import Decoder

from tests.chaos.clicks import Click
from tests.integration.judging import inbox_items
from tests.integration.kafka import LIMIT_S, Kafka
from tests.integration.system import System
from tests.oracle.outcome import Outcome, boxed, message_ids, shown
from tests.oracle.reference import Reference
from tests.oracle.verdict import Verdict, judge, judge_sink

ENDS = {"sent": "sent", "inbox": "inbox", "dropped": "user_cap"}
QUEUED = 200_000
POLLED = 1_000


class Pouring:
    """Rows on their way into the topic of events, in order, evaluated as they leave."""

    def __init__(self, kafka: Kafka, topic: str, rows: Iterator[Click]) -> None:
        self._kafka = kafka
        self._topic = topic
        self._rows = rows
        self._reference = Reference()
        self.rows = 0
        self.records = 0
        self._producer = Producer(
            {
                "bootstrap.servers": kafka.bootstrap,
                "partitioner": "murmur2_random",
                "enable.idempotence": True,
                "linger.ms": 20,
                "batch.size": 1 << 20,
                "queue.buffering.max.messages": QUEUED,
            }
        )

    def pour(self, rows: int) -> None:
        """The next rows; returns once Kafka has them."""
        for click in islice(self._rows, rows):
            self._reference.take(click.row)
            self.rows += 1
            for key, value in click.messages:
                self.records += 1
                self._produce(key, value)
                if self.records % POLLED == 0:
                    self._producer.poll(0)
        assert self._producer.flush(LIMIT_S) == 0

    def _produce(self, key: bytes, value: bytes) -> None:
        while True:
            try:
                self._producer.produce(self._topic, value, key)
            except BufferError:
                self._producer.poll(0.1)
            else:
                return

    def outcomes(self) -> list[Outcome]:
        """What must come of it, after the last tick; once, at the end."""
        assert self._kafka.end(self._topic) >= self.records, "the broker does not have what was sent"
        return self._reference.end()


class Said(Struct, frozen=True, gc=False):
    """Of a decision, what is judged."""

    id: str
    step: str
    message_id: str
    user: str


@dataclass
class Decisions:
    """Every decision, each counted once. `contradicted`: ids under which two different things were said."""

    messages: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    ends: defaultdict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    contradicted: set[str] = field(default_factory=set)
    relayed_again: int = 0

    def unfinished(self) -> set[str]:
        """Conservation: qualified = sent + dropped + inbox, sent = accepted + failed; the ids that break it."""
        of = {step: set(ids) for step, ids in self.messages.items()}
        none: set[str] = set()
        sent, ended = of.get("sent", none), of.get("accepted", none) | of.get("failed", none)
        left = sent | of.get("dropped", none) | of.get("inbox", none)
        return (of.get("qualified", none) ^ left) | (sent ^ ended)


def read_decisions(system: System) -> Decisions:
    """Read the topic once, in order, and keep only what is judged."""
    found, seen, decode = Decisions(), dict[str, bytes](), Decoder(Said).decode
    for record in system.kafka.each(system.topics.decisions):
        said, digest = decode(record.value()), hashlib.blake2b(record.value(), digest_size=8).digest()
        before = seen.setdefault(said.id, digest)
        if before is not digest:
            found.relayed_again += 1
            if before != digest:
                found.contradicted.add(said.id)
            continue
        found.messages[said.step].append(said.message_id)
        if said.step in ENDS:
            found.ends[said.user].append((said.message_id, ENDS[said.step]))
    return found


@dataclass(frozen=True)
class Judged:
    """Verdicts by where they were found; what else was wrong, in words."""

    verdicts: dict[str, Verdict]
    others: list[str]
    relayed_again: int

    @property
    def violations(self) -> list[str]:
        """Nothing may be missing or unexpected; only at the push service may something be repeated."""
        wrong = []
        for name, verdict in self.verdicts.items():
            parts = {"missing": verdict.missing, "unexpected": verdict.unexpected}
            parts |= {} if name == "shown" else {"repeated": frozenset(verdict.repeated)}
            wrong += [f"{name}: {len(ids)} {what}, {sorted(ids)[:3]}" for what, ids in parts.items() if ids]
        return wrong + self.others

    def figures(self) -> dict[str, Any]:
        """Missing, unexpected and repeated over all places, and the pushes shown again."""
        each = self.verdicts.values()
        return {
            "missing": sum(len(verdict.missing) for verdict in each),
            "unexpected": sum(len(verdict.unexpected) for verdict in each),
            "repeats": sum(self.verdicts["shown"].repeated.values()),
            "decisions_relayed_again": self.relayed_again,
        }


def judge_all(system: System, outcomes: Sequence[Outcome], received: Sequence[Any]) -> Judged:
    """Compare all that can be seen with what had to be; once the run has settled."""
    found = read_decisions(system)
    to_inbox = set().union(*message_ids(outcomes, "inbox").values())
    capped = set().union(*message_ids(outcomes, "user_cap").values())
    verdicts = {
        "qualified": judge((each.message_id for each in outcomes), found.messages["qualified"]),
        "sent": judge(shown(outcomes), found.messages["sent"]),
        "accepted": judge(shown(outcomes), found.messages["accepted"]),
        "inbox": judge(to_inbox, found.messages["inbox"]),
        "dropped": judge(capped, found.messages["dropped"]),
        "items": judge(boxed(outcomes), inbox_items(system)),
        "shown": judge_sink(outcomes, received),
    }
    unfinished, letters = found.unfinished(), system.kafka.end(system.topics.dead_letters)
    others = [f"{len(unfinished)} unfinished, {sorted(unfinished)[:3]}"] if unfinished else []
    others += [f"{len(found.contradicted)} decisions contradicted"] if found.contradicted else []
    others += [f"{letters} dead letters"] if letters else []
    others += out_of_order(outcomes, found.ends)
    return Judged(verdicts, others, found.relayed_again)


def out_of_order(outcomes: Iterable[Outcome], ends: dict[str, list[tuple[str, str]]]) -> list[str]:
    """The users whose messages ended otherwise, or in another order, than by the order of their events."""
    expected: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for outcome in outcomes:
        expected[outcome.user].append((outcome.message_id, outcome.end))
    wrong = sorted(user for user in expected.keys() | ends.keys() if expected[user] != ends.get(user, []))
    return [f"{len(wrong)} users in another order, {wrong[:3]}"] if wrong else []


def repeats_of(received: Iterable[Any]) -> dict[str, list[int]]:
    """The messages that the push service took more than once, with the times at which it got them."""
    times: defaultdict[str, list[int]] = defaultdict(list)
    for line in received:
        if line["service"] == "fcm" and line["status"] == 200:
            times[line["message"]].append(line["at"])
    return {message: at for message, at in times.items() if len(at) > 1}
