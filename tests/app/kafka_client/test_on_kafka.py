"""The hot path on a real broker: fences, shared channels, transactions, compaction, topics and brokers that go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition, errors
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.records_to_delete import RecordsToDelete

from app.clock import now_ms
from app.kafka.broker import EmbeddedBroker
from app.kafka.files import free_port
from app.kafka_client.fetch import EACH_BYTES, Fetch, OutOfRange, Polls
from app.kafka_client.produce import Channel
from app.kafka_client.received import Received
from app.turns.kafka_log import KafkaLog, Lines
from app.turns.ports import Mail, Refused
from app.turns.relays import Relays
from app.turns.watermark import SOURCE

pytestmark = pytest.mark.timeout(120)
LIMIT_S = 40.0


class Taker:
    """Whoever is handed what was fetched."""

    def __init__(self) -> None:
        self.records: list[Received] = []
        self.lost: list[OutOfRange] = []
        self.crashed: list[BaseException] = []
        self._more = asyncio.Event()

    def take(self, polls: Polls) -> None:
        """Of the fetch."""
        for records in polls.values():
            self.records += records
        self._more.set()

    def lose(self, lost: OutOfRange) -> None:
        """Of the fetch."""
        self.lost.append(lost)
        self._more.set()

    def values(self, partition: int = 0) -> list[bytes | None]:
        """In order."""
        return [each.value for each in self.records if each.partition == partition]

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for it."""
        async with asyncio.timeout(LIMIT_S):
            while not holds():
                self._more.clear()
                await self._more.wait()


@asynccontextmanager
async def a_fetch(bootstrap: str, *topics: str) -> AsyncIterator[tuple[Fetch, Taker]]:
    """A fetch that is running, and whoever takes what it brings."""
    taker = Taker()
    fetch = Fetch(bootstrap, "test", taker.take, taker.lose, taker.crashed.append)
    await fetch.start(set(topics))
    fetch.release()
    try:
        yield fetch, taker
    finally:
        await fetch.close()
    assert taker.crashed == []


@asynccontextmanager
async def an_admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """For topics."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def a_topic(bootstrap: str, name: str = "", partitions: int = 1, **settings: str) -> str:
    """A topic for one test."""
    name = name or f"client-{uuid4().hex[:12]}"
    async with an_admin(bootstrap) as admin:
        configs = {key.replace("_", "."): value for key, value in settings.items()}
        await admin.create_topics([NewTopic(name, partitions, 1, topic_configs=configs)])
    return name


@asynccontextmanager
async def a_channel(bootstrap: str) -> AsyncIterator[tuple[Channel, Relays]]:
    """A channel that is open, and relays over it."""
    channel = Channel(bootstrap, "test")
    await channel.start()
    relays = Relays(lambda: channel)
    try:
        yield channel, relays
    finally:
        await relays.close()
        await channel.close()


async def no_ends(_topic: str, _partition: int) -> int:
    """Nobody asks."""
    raise AssertionError


def a_log(bootstrap: str, channel: Channel, relays: Relays, topic: str, partition: int = 0) -> KafkaLog:
    """The journal's appender for one partition."""
    name = f"{topic}.{partition}"
    return KafkaLog(Lines(bootstrap, lambda: channel, relays, no_ends), name, topic, partition)


async def test_a_broker_says_when_it_took_a_record_where_its_topic_keeps_that(broker: str) -> None:
    heard: list[tuple[float, float, int]] = []
    channel = Channel(broker, "test", lambda *times: heard.append(times))
    await channel.start()
    relays = Relays(lambda: channel)
    logs = [
        a_log(broker, channel, relays, await a_topic(broker, message_timestamp_type=kind))
        for kind in ("CreateTime", "LogAppendTime")
    ]
    for log in logs:
        await log.fence()
    asked_ms = now_ms()
    for log in logs:
        await log.append([(b"k", b"v")], 1)
    answered_ms = now_ms()
    await relays.close()
    await channel.close()
    ((asked_s, answered_s, taken_ms),) = heard
    assert asked_ms <= taken_ms <= answered_ms
    assert asked_s <= answered_s


async def test_an_older_owner_is_refused_once_the_newer_has_appended(broker: str) -> None:
    topic = await a_topic(broker)
    async with a_channel(broker) as (channel, relays), a_channel(broker) as (other, others):
        old, new = a_log(broker, channel, relays, topic), a_log(broker, other, others, topic)
        first, second = await old.fence(), await new.fence()
        assert (second.pid, second.epoch) == (first.pid, first.epoch + 1)
        assert await old.append([(b"k", b"0"), (b"k", b"1")], 1) == 0
        assert await new.append([(b"k", b"2")], 1) == 2
        with pytest.raises(Refused, match="InvalidProducerEpoch"):
            await old.append([(b"k", b"too late")], 1)
        assert await new.append([(b"k", None)], 1) == 3
        found = [pair async for chunk in new.read(0, 99) for pair in chunk]
    assert found == [(0, b"k", b"0"), (1, b"k", b"1"), (2, b"k", b"2"), (3, b"k", None)]


async def test_logs_that_share_a_channel_keep_their_own_order_and_fences(broker: str) -> None:
    topic = await a_topic(broker, partitions=2)
    async with a_channel(broker) as (channel, relays):
        logs = [a_log(broker, channel, relays, topic, partition) for partition in range(2)]
        await asyncio.gather(*(log.fence() for log in logs))

        async def appends(log: KafkaLog) -> list[int]:
            return [await log.append([(b"k", b"%d" % n)], 1) for n in range(50)]

        assert await asyncio.gather(*(appends(log) for log in logs)) == [list(range(50))] * 2
        await a_log(broker, channel, relays, topic, 1).fence()
        assert await logs[0].append([(b"k", b"on")], 1) == 50


async def test_mail_of_two_senders_arrives_once_in_order_with_its_sources(broker: str) -> None:
    topic, mail = await a_topic(broker, partitions=2), await a_topic(broker, partitions=2)
    async with a_channel(broker) as (channel, relays), a_fetch(broker, mail) as (fetch, taker):
        logs = [a_log(broker, channel, relays, topic, partition) for partition in range(2)]
        for turn in range(10):
            await asyncio.gather(
                *(
                    log.relay([(Mail(mail, b"k", b"%d" % turn, 1), b"s/%d %d 0" % (n, turn))], 77)
                    for n, log in enumerate(logs)
                )
            )
        fetch.start_at(TopicPartition(mail, 1), 0)
        await taker.until(lambda: len(taker.records) >= 20)
    assert {(each.partition, each.timestamp) for each in taker.records} == {(1, 77)}
    sources = [dict(each.headers)[SOURCE] for each in taker.records]
    for n in range(2):
        mine = [source for source in sources if source.startswith(b"s/%d " % n)]
        assert mine == [b"s/%d %d 0" % (n, turn) for turn in range(10)]


async def test_of_transactions_only_what_was_committed_is_fetched_and_markers_are_passed(broker: str) -> None:
    topic = await a_topic(broker)
    place = TopicPartition(topic, 0)
    producer = AIOKafkaProducer(bootstrap_servers=broker, transactional_id=topic, compression_type="gzip")
    await producer.start()
    try:
        for value, ends in ((b"a", True), (b"taken back", False), (b"b", True), (b"taken back", False)):
            await producer.begin_transaction()
            await producer.send_and_wait(topic, value)
            await (producer.commit_transaction() if ends else producer.abort_transaction())
    finally:
        await producer.stop()
    async with a_fetch(broker, topic) as (fetch, taker):
        fetch.start_at(place, 0)
        await taker.until(lambda: len(taker.records) >= 2)
        async with asyncio.timeout(LIMIT_S):
            while fetch.passed(place, 5) < 8:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.01)
    assert [(each.offset, each.value) for each in taker.records] == [(0, b"a"), (4, b"b")]


async def test_a_compacted_topic_is_fetched_over_its_gaps_in_the_time_of_its_log(broker: str) -> None:
    topic = await a_topic(
        broker,
        cleanup_policy="compact",
        segment_ms="100",
        min_cleanable_dirty_ratio="0.01",
        max_compaction_lag_ms="100",
        message_timestamp_type="LogAppendTime",
    )
    producer = AIOKafkaProducer(bootstrap_servers=broker)
    await producer.start()
    try:
        for n in range(6):
            await producer.send_and_wait(topic, b"%d" % n, key=b"%d" % (n % 2), timestamp_ms=1)
            await asyncio.sleep(0.12)
    finally:
        await producer.stop()
    async with a_fetch(broker, topic) as (fetch, taker):
        fetch.start_at(TopicPartition(topic, 0), 0)
        await taker.until(lambda: len(taker.records) >= 2 and taker.records[-1].offset == 5)
    offsets = [each.offset for each in taker.records]
    assert offsets == sorted(set(offsets))
    assert {each.value for each in taker.records} >= {b"4", b"5"}
    assert all(each.timestamp > 1_000_000 for each in taker.records)


async def test_batches_larger_than_a_share_are_fetched_from_every_partition(broker: str) -> None:
    topic = await a_topic(broker, partitions=3)
    async with a_channel(broker) as (_, relays), a_fetch(broker, topic) as (fetch, taker):
        for n in range(9):
            place = TopicPartition(topic, n % 3)
            await relays.send(place, [(Mail(topic, None, b"%d" % n * 3 * EACH_BYTES), b"s/0 %d 0" % n)], 1)
        for partition in range(3):
            fetch.start_at(TopicPartition(topic, partition), 0)
        await taker.until(lambda: len(taker.records) >= 9)
    for partition in range(3):
        assert [(value or b"")[:1] for value in taker.values(partition)] == [
            b"%d" % n for n in (partition, partition + 3, partition + 6)
        ]


async def test_an_offset_out_of_range_is_told_with_the_bounds_and_the_others_go_on(broker: str) -> None:
    topic = await a_topic(broker, partitions=3)
    places = [TopicPartition(topic, n) for n in range(3)]
    async with a_channel(broker) as (_, relays), a_fetch(broker, topic) as (fetch, taker):
        for n in range(6):
            await asyncio.gather(
                *(
                    relays.send(place, [(Mail(topic, None, b"%d" % n), b"s/0 %d 0" % n)], 1)
                    for place in places
                )
            )
        async with an_admin(broker) as admin:
            await admin.delete_records({places[0]: RecordsToDelete(4)})
        fetch.start_at(places[0], 1)
        fetch.start_at(places[1], 99)
        fetch.start_at(places[2], 0)
        await taker.until(lambda: len(taker.lost) >= 2 and len(taker.values(2)) >= 6)
        fetch.start_at(places[0], 4)
        await taker.until(lambda: len(taker.values(0)) >= 2)
    assert sorted(taker.lost) == [OutOfRange(places[0], 1, 4, 6), OutOfRange(places[1], 99, 0, 6)]
    assert taker.values(0) == [b"4", b"5"]


async def test_a_topic_that_is_deleted_and_made_anew_is_told_and_its_neighbour_goes_on(broker: str) -> None:
    topic, neighbour = await a_topic(broker), await a_topic(broker)
    place, other = TopicPartition(topic, 0), TopicPartition(neighbour, 0)
    async with a_channel(broker) as (_, relays), a_fetch(broker, topic, neighbour) as (fetch, taker):

        async def say(to: TopicPartition, value: bytes) -> None:
            async with asyncio.timeout(LIMIT_S):
                await relays.send(to, [(Mail(to.topic, None, value), b"s/0 1 0")], 1)

        await say(place, b"old")
        fetch.start_at(place, 0)
        fetch.start_at(other, 0)
        await taker.until(lambda: len(taker.records) == 1)
        async with an_admin(broker) as admin:
            await admin.delete_topics([topic])
        await say(other, b"meanwhile")
        await taker.until(lambda: b"meanwhile" in taker.values())
        async with asyncio.timeout(LIMIT_S):
            while True:
                try:
                    await a_topic(broker, topic)
                    break
                except errors.TopicAlreadyExistsError:
                    await asyncio.sleep(0.05)
        await taker.until(lambda: bool(taker.lost))
        fetch.start_at(place, 0)
        await say(place, b"new")
        await taker.until(lambda: b"new" in taker.values())
    assert taker.lost == [OutOfRange(place, 1, 0, 0)]


async def test_a_broker_that_goes_and_comes_back_is_appended_to_and_fetched_from_by_themselves(
    tmp_path: Path,
) -> None:
    """Given a stop and a start of the broker, then no record is missing, repeated or out of order."""
    own = EmbeddedBroker(tmp_path / "kafka", free_port(), heap="384m")
    await asyncio.to_thread(own.start)
    try:
        topic = await a_topic(own.bootstrap)
        place = TopicPartition(topic, 0)
        async with (
            a_channel(own.bootstrap) as (channel, relays),
            a_fetch(own.bootstrap, topic) as (fetch, taker),
        ):
            log = a_log(own.bootstrap, channel, relays, topic)
            await log.fence()
            fetch.start_at(place, 0)
            assert await log.append([(b"k", b"0")], 1) == 0
            await taker.until(lambda: len(taker.records) == 1)
            await asyncio.to_thread(own.stop)
            pending = asyncio.ensure_future(log.append([(b"k", b"1")], 1))
            await asyncio.sleep(0.5)
            assert not pending.done()
            await asyncio.to_thread(own.start)
            async with asyncio.timeout(LIMIT_S):
                assert await pending == 1
            assert await log.append([(b"k", b"2")], 1) == 2
            await taker.until(lambda: len(taker.records) >= 3)
            assert taker.values() == [b"0", b"1", b"2"]
    finally:
        await asyncio.to_thread(own.stop)
