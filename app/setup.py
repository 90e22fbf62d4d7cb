"""`setup`: makes the topics that are missing, begins their journals, publishes the settings that decide.

Refuses what would lose something (`refusals.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code

from app.domain.model.app_rules import AppRules, Throttle
from app.domain.model.campaign import Cap
from app.kafka_client.topic_ids import topic_ids
from app.refusals import (
    SetupRefused,
    known_events_id,
    lost_journals,
    made_anew,
    refuse_changed_counts,
    refuse_lost_journals,
)
from app.settings import DecidingSettings, Settings
from app.topics import Spec, Topics
from app.turns.deciding import Input
from app.turns.journals import begin_journal, has_identity, last_watermark, move_inputs
from app.turns.ports import Clock, Record
from tables.catalog import HISTORY, SETTINGS_KEY, Records, Rules

REPLICAS = 3
OF_LIMITS = (b"\xa4type\xa4loan", b"\xa4type\xa7call_up")


class Report(NamedTuple):
    """What setup did and found."""

    created: list[str]
    begun: list[str]
    differs: list[str]
    settings: str


def is_of_limits(record: Record) -> bool:
    """Mail that those wait for whose campaign has limits: a loan, or their turn. By how such mail begins (`wire`)."""
    return (record.value or b"")[1:].startswith(OF_LIMITS)


def actor_inputs(topics: Topics) -> dict[str, tuple[Input, ...]]:
    """The mailbox of each actor. What nobody waits for lingers, and shares a turn with others."""
    return {
        "users": (
            Input(topics.events, relayed=False),
            Input(topics.users_mail, relayed=True, linger_s=0.2, is_urgent=is_of_limits),
        ),
        "campaigns": (Input(topics.campaigns_mail, relayed=True),),
        "fcm": (Input(topics.sends("fcm"), relayed=True), Input(topics.sends_mail("fcm"), relayed=True)),
        "email": (Input(topics.mails, relayed=True),),
        "inbox": (Input(topics.inbox, relayed=True, linger_s=0.1),),
        "tokens": (Input(topics.tokens_mail, relayed=True, linger_s=0.1),),
        "tally": (Input(topics.decisions, relayed=True, linger_s=0.25),),
    }


def app_rules(settings: Settings) -> AppRules:
    """The settings that decide, as the core takes them."""
    return rules_of(settings.deciding, stream_clock=settings.clock == "stream")


def rules_of(deciding: DecidingSettings, *, stream_clock: bool) -> AppRules:
    """The same, of the part that decides."""
    caps = tuple(Cap(cap.max, cap.per_ms) for cap in deciding.caps)
    said = deciding.throttle
    throttle = None if said is None else Throttle(said.max, said.every_ms)
    return AppRules(deciding.zone, caps, deciding.max_lateness_ms, stream_clock, throttle)


async def setup(settings: Settings, clock: Clock, restart_from: str | int | None = None) -> Report:
    """Make everything that is missing. `restart_from`: "latest" or a time in ms; begins lost journals anew there.

    Raises SetupRefused; KafkaError where the broker does not answer.
    """
    topics = Topics(settings.app, settings.events)
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka, group_id=None, enable_auto_commit=False)
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka, acks="all")
    try:
        await admin.start()
        await consumer.start()
        await producer.start()
        return await _Setup(settings, topics, clock, admin, consumer, producer).run(restart_from)
    finally:
        for client in (producer, consumer):
            await client.stop()
        await admin.close()


class _Setup:
    def __init__(
        self,
        settings: Settings,
        topics: Topics,
        clock: Clock,
        admin: AIOKafkaAdminClient,
        consumer: AIOKafkaConsumer,
        producer: AIOKafkaProducer,
    ) -> None:
        self.settings = settings
        self.topics = topics
        self.clock = clock
        self.admin = admin
        self.consumer = consumer
        self.producer = producer

    async def run(self, restart_from: str | int | None) -> Report:
        specs = self.topics.specs(self.settings.partitions)
        counts = await partition_counts(self.admin, [spec.name for spec in specs])
        records = (
            await read_records(self.consumer, self.topics.campaigns)
            if counts.get(self.topics.campaigns)
            else Records()
        )
        refuse_changed_counts(specs, counts, records)
        missing = [spec for spec in specs if spec.name not in counts]
        if restart_from is None:
            refuse_lost_journals(
                await lost_journals(self.consumer, self.topics, counts, records, actor_inputs(self.topics))
            )
        await self._create(missing)
        events_id = await self._events_id()
        is_anew = events_id != (known_events_id(records) or events_id)
        begun = await self._begin(restart_from, {self.topics.events} if is_anew else set())
        is_left = is_anew and restart_from is None
        published = await publish_settings(
            self.settings, records, self.producer, None if is_left else events_id
        )
        differs = [made_anew(self.topics.events)] if is_left else []
        differs += await self._differences(specs, counts)
        return Report([spec.name for spec in missing], begun, differs, published)

    async def _events_id(self) -> str:
        events = self.topics.events
        return (await topic_ids(self.admin._client, [events])).get(events, "")

    async def _create(self, specs: list[Spec]) -> None:
        if not specs:
            return
        brokers = len((await self.admin.describe_cluster())["brokers"])
        replicas = min(REPLICAS, brokers)
        safe = {
            "min.insync.replicas": str(max(1, replicas - 1)),
            "unclean.leader.election.enable": "false",
        }
        new = [
            NewTopic(each.name, each.partitions, replicas, topic_configs=each.config | safe) for each in specs
        ]
        answer = await self.admin.create_topics(new)
        for name, code, message in (error[:3] for error in answer.topic_errors):
            if code:
                raise for_code(code)(f"{name}: {message}")
        await self._wait_for([spec.name for spec in specs])

    async def _wait_for(self, names: list[str]) -> None:
        """The broker answers for a new topic a moment after it has made it."""
        while len(await partition_counts(self.admin, names)) < len(names):
            await self.consumer._client.force_metadata_update()

    async def _begin(self, restart_from: str | int | None, anew: set[str]) -> list[str]:
        """Journals without an identity, and those that go on elsewhere. `anew`: topics that are other logs now."""
        begun = []
        for actor, inputs in actor_inputs(self.topics).items():
            journal = self.topics.journal(actor)
            for partition in range(self.settings.partitions):
                if not await has_identity(self.consumer, journal, partition):
                    start = await self._start(inputs, partition, restart_from)
                    await begin_journal(self.producer, journal, partition, start, self.clock.now_ms())
                    begun.append(f"{journal}/{partition}")
                elif restart_from is not None and await self._move(
                    journal, inputs, partition, restart_from, anew
                ):
                    begun.append(f"{journal}/{partition}")
        return begun

    async def _move(
        self,
        journal: str,
        inputs: tuple[Input, ...],
        partition: int,
        restart_from: str | int,
        anew: set[str],
    ) -> bool:
        """Let a journal go on elsewhere in those inputs that no longer hold the place at which it stands."""
        watermark = await last_watermark(self.consumer, journal, partition)
        places = [TopicPartition(topic, partition) for topic, *_ in inputs]
        ends = await self.consumer.end_offsets(places)
        starts = await self.consumer.beginning_offsets(places)
        if watermark is None:
            return False
        stands = {place: watermark.inputs.get(place.topic, -1) + 1 for place in places}
        lost = {each.topic for each in places if not starts[each] <= stands[each] <= ends[each]}
        lost |= anew & {each.topic for each in places}
        if lost:
            start = await self._start(inputs, partition, restart_from)
            watermark.inputs.update((topic, start[topic]) for topic in lost)
            await move_inputs(self.producer, journal, partition, watermark, self.clock.now_ms())
        return bool(lost)

    async def _start(
        self, inputs: tuple[Input, ...], partition: int, restart_from: str | int | None
    ) -> dict[str, int]:
        if restart_from is None:
            return {}
        places = [TopicPartition(topic, partition) for topic, *_ in inputs]
        ends = await self.consumer.end_offsets(places)
        if isinstance(restart_from, int):
            found = await self.consumer.offsets_for_times(dict.fromkeys(places, restart_from))
            ends |= {place: at.offset for place, at in found.items() if at is not None}
        return {place.topic: offset - 1 for place, offset in ends.items()}

    async def _differences(self, specs: list[Spec], counts: Mapping[str, int]) -> list[str]:
        """Settings of topics that were there before and are not what setup would have made."""
        wanted = {spec.name: spec.config for spec in specs if spec.name in counts}
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in wanted]
        found = []
        for response in await self.admin.describe_configs(resources) if resources else []:
            for _code, _message, _kind, name, entries in response.resources:
                actual = {entry[0]: entry[1] for entry in entries}
                for key, value in wanted[name].items():
                    if actual.get(key) != value:
                        found.append(f"{name}: {key} is {actual.get(key)}, setup would make it {value}")
        return found


async def publish_settings(
    settings: Settings, records: Records, producer: AIOKafkaProducer, events_id: str | None = None
) -> str:
    """Publish the settings that decide, with those before them, where they differ from what the topic says.

    `events_id` None: state rests on the topic of events that it rested on before.
    """
    events_id = events_id or known_events_id(records)
    rules, text = app_rules(settings), settings.deciding.to_json().decode()
    rules = msgspec.structs.replace(rules, stream_clock=False)
    before: tuple[tuple[int, AppRules], ...] = ()
    if records.rules is not None:
        known, time_ms = records.rules
        if (known.current, known.settings, known.events_id) == (rules, text, events_id):
            return "unchanged"
        before = (*known.before, (time_ms, known.current))[-HISTORY:]
    value = msgspec.msgpack.encode(Rules(rules, text, settings.partitions, before, events_id))
    topic = Topics(settings.app, settings.events).campaigns
    await producer.send_and_wait(topic, value, key=SETTINGS_KEY, partition=0)
    return "published"


async def partition_counts(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, int]:
    """How many partitions each of the topics has; those that do not exist are left out."""
    existing = set(await admin.list_topics())
    wanted = [name for name in names if name in existing]
    described = await admin.describe_topics(wanted) if wanted else []
    return {topic["topic"]: len(topic["partitions"]) for topic in described if topic["partitions"]}


async def read_records(consumer: AIOKafkaConsumer, topic: str) -> Records:
    """Everything that the campaigns topic says now."""
    records, place = Records(), TopicPartition(topic, 0)
    end = (await consumer.end_offsets([place]))[place]
    consumer.assign([place])
    consumer.seek(place, 0)
    while await consumer.position(place) < end:
        for record in (await consumer.getmany(place, timeout_ms=500)).get(place, ()):
            try:
                records.take(record.key, record.value, record.timestamp)
            except msgspec.MsgspecError as error:
                raise SetupRefused(
                    f"{topic}, offset {record.offset}: not readable by this version: {error}. "
                    "Another build wrote it: run that one, or begin a new CARILLON_APP."
                ) from error
    return records


async def check(settings: Settings) -> None:
    """What a worker needs before it starts. Raises SetupRefused with what is missing, KafkaError without a broker."""
    topics = Topics(settings.app, settings.events)
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka, group_id=None, enable_auto_commit=False)
    try:
        await admin.start()
        await consumer.start()
        specs = topics.specs(settings.partitions)
        counts = await partition_counts(admin, [spec.name for spec in specs])
        has_campaigns = topics.campaigns in counts
        records = await read_records(consumer, topics.campaigns) if has_campaigns else Records()
        refuse_changed_counts(specs, counts, records)
        refuse_lost_journals(await lost_journals(consumer, topics, counts, records, actor_inputs(topics)))
        missing = [spec.name for spec in specs if spec.name not in counts]
        known_id = known_events_id(records)
        if (
            known_id
            and (await topic_ids(admin._client, [topics.events])).get(topics.events, known_id) != known_id
        ):
            raise SetupRefused(f"T{made_anew(topics.events)[1:]}")
        if missing:
            raise SetupRefused(
                f"{', '.join(missing)} is missing. Run `python -m app setup` first; it makes what is not there."
            )
    finally:
        await consumer.stop()
        await admin.close()


__all__ = ["KafkaError", "Report", "actor_inputs", "app_rules", "check", "setup"]
