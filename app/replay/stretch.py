"""One partition of the log, from Kafka through the replay: what a campaign would have done there."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from msgspec import Struct

from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Campaign, Segment
from app.domain.model.event import Event, Tick
from app.geoip import finder
from app.kafka_client.bounds import bounds
from app.kafka_client.read import read
from app.kafka_client.received import Received
from app.partitioning import Partitioner, partition_of
from app.replay.catalogs import catalog_of
from app.replay.engine import Replay
from app.replay.neighbours import Neighbours
from app.replay.tally import Row, Sums, Tally
from app.wire import Bad, EventReader

FETCH_BYTES = 1 << 20


class Question(Struct, frozen=True):
    """What is asked of every partition. `among`: campaigns that run beside, and are not counted.

    The campaigns are live from `from_ms` on; what an event says of its user counts before that, too. The answer ends
    where the clock comes to `to_ms`.
    """

    bootstrap: str
    topic: str
    campaigns: tuple[Campaign, ...]
    rules: AppRules
    from_ms: int
    to_ms: int | None
    among: tuple[Campaign, ...] = ()
    partitions: int = 1
    partitioner: Partitioner = "murmur2"
    segments: tuple[Segment, ...] = ()
    geoip: Path | None = None

    @property
    def shares_limits(self) -> bool:
        """Is there a number that all partitions share, so that they must be replayed together?"""
        limits = [each.limits for each in (*self.campaigns, *self.among)]
        return any(each is not None and each.is_shared for each in limits)


class Stretch(NamedTuple):
    """The records of one partition: begin <= offset < end."""

    partition: int
    begin: int
    end: int


class Answer(Struct):
    """What came of one partition, or of several. `first_ms` and `last_ms`: the times of its clock.

    `lost`: how much users of one partition had to say to those of another, who did not hear it.
    """

    sums: dict[str, Sums]
    rows: list[Row]
    records: int = 0
    unreadable: int = 0
    failures: int = 0
    first_failure: str = ""
    users: int = 0
    lost: int = 0
    first_ms: int | None = None
    last_ms: int | None = None

    def add(self, other: Answer) -> None:
        """Take the answer of another partition in."""
        for campaign, sums in other.sums.items():
            self.sums[campaign].add(sums)
        self.rows += other.rows
        for name in ("records", "unreadable", "failures", "users", "lost"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.first_failure = self.first_failure or other.first_failure
        self.first_ms = _known(min, self.first_ms, other.first_ms)
        self.last_ms = _known(max, self.last_ms, other.last_ms)


def _known(choose: Callable[[list[int]], int], *values: int | None) -> int | None:
    known = [value for value in values if value is not None]
    return choose(known) if known else None


decode_answer = msgspec.msgpack.Decoder(Answer).decode
encode_answer = msgspec.msgpack.Encoder().encode


async def stretches(bootstrap: str, topic: str, count: int) -> list[Stretch]:
    """From where to where each partition reaches now. Raises KafkaError."""
    async with contextlib.AsyncExitStack() as closing:
        client = await connected(bootstrap, topic, closing)
        found: list[Stretch] = []
        for partition in range(count):
            place = TopicPartition(topic, partition)
            node = client.cluster.leader_for_partition(place)
            found.append(Stretch(partition, *await bounds(client, -1 if node is None else node, place)))
        return found


async def connected(bootstrap: str, topic: str, closing: contextlib.AsyncExitStack) -> AIOKafkaClient:
    """A client that knows the topic, closed with `closing`. Raises KafkaError."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    closing.push_async_callback(client.close)
    await client.bootstrap()
    await client.set_topics({topic})
    return client


def neighbours_of(question: Question) -> Neighbours:
    """Partitions that find one another as producers place their keys."""
    count, partitioner = question.partitions, question.partitioner
    return Neighbours(lambda user: partition_of(user.encode("utf-8", "surrogatepass"), count, partitioner))


class Replaying:
    """The records of one partition, taken in one after the other. `over`: the clock has come to the window's end."""

    def __init__(self, question: Question, number: int = 0, neighbours: Neighbours | None = None) -> None:
        names = [campaign.id for campaign in question.campaigns]
        catalog = catalog_of([*question.campaigns, *question.among], question.segments)
        self._streaming = question.rules.stream_clock
        self._to_ms = question.to_ms
        self._reader = EventReader(finder(question.geoip))
        self._neighbours = neighbours or neighbours_of(question)
        self._is_alone = neighbours is None
        self._tally = Tally(names, catalog, question.rules)
        self.replay = Replay(
            catalog,
            question.rules,
            self._tally.told,
            live_from_ms=question.from_ms,
            number=number,
            neighbours=self._neighbours,
        )
        self._answer = Answer(self._tally.sums, self._tally.rows)
        self.over = False

    def take(self, records: Sequence[Received]) -> None:
        """Some more of the log; once it is `over`, no more is asked for."""
        for record in records:
            found = self.understand(record)
            if found is not None:
                self.decide(found, record.offset)
            elif self.over:
                return

    def understand(self, record: Received) -> Event | Tick | None:
        """What the record says; None where that is nothing, or no more within the window."""
        answer, streaming = self._answer, self._streaming
        answer.records += 1
        found = self._reader.read(record, None if streaming else record.timestamp)
        if isinstance(found, Bad):
            answer.unreadable += 1
            return None
        at_ms = found.time_ms if streaming else record.timestamp
        if self._to_ms is not None and at_ms >= self._to_ms:
            self.over = True
            return None
        if answer.first_ms is None:
            answer.first_ms = at_ms
        return found

    def time_of(self, found: Event | Tick) -> int:
        """When it is taken in: what was due before that goes first."""
        if self._streaming:
            return found.time_ms
        return found.recorded_ms if isinstance(found, Event) else self.replay.clock_ms

    def decide(self, found: Event | Tick, offset: int) -> None:
        """Take in what a record says."""
        if isinstance(found, Event):
            self.replay.take(found, offset)
        else:
            self.replay.tick(found)

    @property
    def ends_ms(self) -> int | None:
        """To where the clock goes on by itself after the last record; under a stream clock it stands where that is."""
        return self._to_ms if self.over or not self._streaming else None

    def close(self) -> Answer:
        """The end."""
        replay, answer = self.replay, self._answer
        if self.ends_ms is not None:
            replay.pass_by(self.ends_ms - 1)
        self._tally.close(replay)
        answer.failures, answer.first_failure = replay.failures, replay.first_failure
        answer.users = len(replay.users)
        answer.lost = self._neighbours.lost if self._is_alone else 0
        answer.last_ms = None if answer.first_ms is None else replay.clock_ms
        return answer


async def replay_stretch(question: Question, stretch: Stretch, done: Callable[[int], None]) -> Answer:
    """Read the partition and replay it; `done` hears how many offsets are behind. Raises KafkaError."""
    replaying = Replaying(question, stretch.partition)
    place = TopicPartition(question.topic, stretch.partition)
    async with contextlib.AsyncExitStack() as closing:
        client = await connected(question.bootstrap, question.topic, closing)
        chunks = read(client, place, stretch.begin, stretch.end, FETCH_BYTES)
        async with contextlib.aclosing(chunks):
            async for records in chunks:
                replaying.take(records)
                if replaying.over:
                    break
                done(records[-1].offset + 1 - stretch.begin)
    done(stretch.end - stretch.begin)
    return replaying.close()
