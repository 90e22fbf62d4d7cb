"""The composition root: names every actor, transport and page of a worker process once."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import sys
from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from agents import users
from agents.campaigns import CampaignsActor
from agents.inbox import InboxActor
from agents.mails import MailsActor
from agents.senders import SenderActor
from agents.tally import TallyActor
from agents.tokens import TokensActor
from app import logs
from app.clock import BrokerClock, SystemClock
from app.engine import REQUEST_S, SESSION_S, Engine, make_engine
from app.geoip import places
from app.housekeeping.preparing import prepare_folders
from app.housekeeping.rounds import Housekeeping
from app.housekeeping.watcher import Watcher
from app.kafka_client.fetch import Fetch, OutOfRange, Polls
from app.kafka_client.produce import Channel
from app.partitioning import partition_of
from app.settings import Settings
from app.setup import actor_inputs
from app.topics import Topics
from app.turns.actor import Actor
from app.turns.assignor import EvenAssignor
from app.turns.batches import BatchTransport, FaustIntake, by_topic
from app.turns.host import Host
from app.turns.kafka_log import KafkaLog, Lines
from app.turns.partition import Partition
from app.turns.ports import JournalMissing, Owner, Ports
from app.turns.probe import Probe
from app.turns.relays import Relays
from app.turns.turnstile import Turnstile
from app.web.site import register
from app.wire import EventReader
from tables.catalog import CatalogReader
from tables.store import Folders
from transports.base import CredentialsError, Transport
from transports.email.client import EmailTransport
from transports.fcm.client import FcmTransport
from transports.http import HttpPool

logger = logging.getLogger(__name__)

CONNECTIONS = 512
RARELY = (200_000, 50, 100)  # what turns make is freed by reference counts; looking for cycles is a stall


class Worker:
    """Everything that one engine process runs."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.topics = Topics(settings.app, settings.events)
        self.clock = BrokerClock(SystemClock())
        self.engine: Engine = make_engine(settings)
        self.engine.transport = BatchTransport(self.engine.conf.broker_consumer, self.engine)
        self.engine.conf.PartitionAssignor = EvenAssignor
        self.catalog = CatalogReader(
            settings.kafka, self.topics.campaigns, self.clock, stream_clock=settings.clock == "stream"
        )
        self.misplaced: str | None = None
        self.out_of_range: dict[str, str] = {}
        self._asking: set[asyncio.Future[None]] = set()
        self._folders = Folders(settings.data)
        self._ends: Any = None
        self._admin: Any = None
        self._channel = Channel(settings.kafka, f"{settings.app}-produce", self.clock.heard)
        self._lines = Lines(
            settings.kafka, lambda: self._channel, Relays(lambda: self._channel), self._end_of
        )
        self._http = HttpPool(CONNECTIONS)
        self._transports: list[Transport | EmailTransport] = []
        always = [(self.topics.campaigns, 0)]
        self._probe = Probe(settings.kafka, settings.app)
        self.watcher = Watcher(self._probe, self.clock, always)
        self._housekeeping: Housekeeping | None = None
        self.engine.fetch = Fetch(
            settings.kafka, f"{settings.app}-fetch", self._take, self._out_of_range, self._crashed
        )
        self._intake, self._turnstile = FaustIntake(self.engine), Turnstile()
        self.hosts = self._make_hosts()
        self.engine.hosts = dict(by_topic(self.hosts.values()))
        self.engine.give_up = self._crashed
        for host in self.hosts.values():
            self._listen(host)
        self.engine.before_start = self._start
        self.engine.before_stop = self._stop
        self.engine.on_partitions_revoked.connect(self._revoked, weak=False)
        self.engine.on_partitions_assigned.connect(self._assigned, weak=False)
        register(self)

    # --- what there is -------------------------------------------------------------------------------------

    def _make_hosts(self) -> dict[str, Host]:
        makers = self._actor_makers()
        owner = Owner(
            f"{self.settings.web.host}:{self.settings.web.port}/{os.getpid()}",
            SESSION_S + REQUEST_S,
            SESSION_S,
        )
        inputs = actor_inputs(self.topics)
        return {
            name: Host(name, inputs[name], make, self._ports, owner, self._crashed)
            for name, make in makers.items()
        }

    def _actor_makers(self) -> dict[str, Callable[[Partition], Actor]]:
        shared = users.Shared(
            self.topics,
            self.catalog,
            self.clock,
            self.settings.partitions,
            self._partition_of,
            self._misplaced,
            stream_clock=self.settings.clock == "stream",
        )
        shared.reader = EventReader(places(self.settings))
        topics = self.topics
        makers: dict[str, Callable[[Partition], Actor]] = {
            "users": lambda partition: users.UsersActor(partition, shared),
            "campaigns": lambda partition: CampaignsActor(
                partition, topics, self.catalog, self.settings.partitions
            ),
            "inbox": lambda partition: InboxActor(partition, topics),
            "tokens": lambda partition: TokensActor(partition, topics),
            "tally": lambda partition: TallyActor(partition, topics, self.settings.partitions),
        }
        post = self._make_post()
        makers["email"] = lambda partition: MailsActor(partition, topics, post)
        fcm = self.settings.providers.fcm
        if fcm is not None:
            transport = FcmTransport(fcm.project, fcm.credentials, fcm.url, self._http, self.clock)
            self._transports.append(transport)
            throttle, partitions = self.catalog.throttle, self.settings.partitions
            makers["fcm"] = lambda partition: SenderActor(
                partition, topics, transport, throttle=throttle, partitions=partitions
            )
        return makers

    def _make_post(self) -> EmailTransport | None:
        """The way to owners, where there is one."""
        email = self.settings.providers.email
        if email is None:
            return None
        transport = EmailTransport(email.url, email.sender, email.credentials, email.ca)
        self._transports.append(transport)
        return transport

    def _ports(self, actor: str, partition: int) -> Ports:
        name = f"{self.settings.app}.{actor}.{partition}"
        journal = self.topics.journal(actor)
        return Ports(
            lambda: KafkaLog(self._lines, name, journal, partition),
            lambda: self._folders.open(actor, partition),
            self.clock,
            self._intake,
            self._turnstile,
        )

    @property
    def unreachable(self) -> str | None:
        """In words: the broker did not answer when it was last asked."""
        if self.watcher.broker_there:
            return None
        return f"Kafka at {self.settings.kafka} does not answer; nothing is decided until it does"

    @property
    def machine_ahead_ms(self) -> int:
        """How far the wall clock of this machine is ahead of the brokers'."""
        return self.clock.machine_ahead_ms

    async def _end_of(self, topic: str, partition: int) -> int:
        place = TopicPartition(topic, partition)
        ends = await self._ends.end_offsets([place])
        return int(ends[place])

    def _partition_of(self, key: bytes) -> int:
        return partition_of(key, self.settings.partitions, self.settings.partitioner)

    def _misplaced(self, user: str, partition: int) -> None:
        if self.misplaced is None:
            self.misplaced = (
                f"user {user!r} stands in partition {partition} of {self.settings.events}, where the setting "
                f"`partitioner: {self.settings.partitioner}` would not put it. Set `partitioner` to what the producers "
                "use (murmur2: Java, aiokafka, kafkajs; crc32: librdkafka), or pages and look-ups ask the wrong worker."
            )
            logger.error("%s", self.misplaced)

    def _take(self, polls: Polls) -> None:
        self.engine.consumer.hand_over(polls)

    def _out_of_range(self, lost: OutOfRange) -> None:
        """A mailbox whose log does not hold what comes next: say so, and decide nothing more of it."""
        task = asyncio.ensure_future(self._say_out_of_range(lost))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _say_out_of_range(self, lost: OutOfRange) -> None:
        """The broker refuses such a fetch without a word on what the log does hold: ask it."""
        topic, number = lost.place
        if not await self.engine.hosts[topic].is_lost(topic, number, lost.offset):
            return
        with contextlib.suppress(KafkaError):
            begin, end = (
                await self._ends.beginning_offsets([lost.place]),
                await self._ends.end_offsets([lost.place]),
            )
            lost = lost._replace(begin=begin[lost.place], end=end[lost.place])
        said = self.out_of_range[f"{topic}/{number}"] = (
            f"{topic}/{number} is decided up to offset {lost.offset}, and its log holds {lost.begin} to "
            f"{lost.end}: {_what_happened(lost)}. Nothing of it is decided. Say where to go on: stop the workers, then "
            "`python -m app setup --restart-from latest` (or a time)."
        )
        logger.error("%s", said)

    def _listen(self, host: Host) -> None:
        engine = self.engine
        topic = engine.topic(*host.topics, partitions=self.settings.partitions, acks=False)

        async def take(stream: Any) -> None:
            async for event in stream.events():
                for tp, records in event.value:
                    host.offer(tp.topic, tp.partition, records)

        engine.agent(topic, name=f"{self.settings.app}.{host.name}")(take)

    # --- starting and stopping -----------------------------------------------------------------------------

    async def _start(self) -> None:
        await self._http.open()
        for transport in self._transports:
            try:
                await transport.open()
            except CredentialsError as error:
                self._crashed(error)
        kafka = self.settings.kafka
        self._ends = AIOKafkaConsumer(
            bootstrap_servers=kafka, group_id=None, enable_auto_commit=False, isolation_level="read_committed"
        )
        self._admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
        await self._channel.start()
        await self.engine.fetch.start({topic for host in self.hosts.values() for topic in host.topics})
        await self._ends.start()
        await self._admin.start()
        await self.catalog.start()
        await prepare_folders(self.hosts, self.topics, self.settings.partitions, self._probe)
        gc.collect()
        gc.freeze()
        self._housekeeping = Housekeeping(
            self.engine, self.hosts, self.topics, self._admin, self.watcher, self.out_of_range
        )
        self._housekeeping.start()

    async def _stop(self) -> None:
        if self._housekeeping is not None:
            self._housekeeping.stop()
        await asyncio.gather(*(host.close() for host in self.hosts.values()))
        for transport in self._transports:
            await transport.close()
        await self._http.close()
        await self.engine.fetch.close()
        await self._lines.relays.close()
        await self._channel.close()
        with contextlib.suppress(KafkaError):
            await self.catalog.stop()
            if self._ends is not None:
                await self._ends.stop()
                await self._admin.close()

    async def _revoked(self, _app: Any, revoked: Any, **_kwargs: Any) -> None:
        self.out_of_range.clear()  # whoever fetches next finds out again
        await asyncio.gather(*(host.revoked() for host in self.hosts.values()))

    async def _assigned(self, _app: Any, assigned: Any, **_kwargs: Any) -> None:
        await asyncio.gather(
            *(
                host.assigned(tp.partition for tp in assigned if tp.topic == host.topics[0])
                for host in self.hosts.values()
            )
        )

    def _crashed(self, error: BaseException) -> None:
        """A bug, or something that an operator must mend first: end at once; the protocol makes that safe."""
        with contextlib.suppress(OSError):  # the log may stand on the disk that is full
            sys.stderr.write(f"worker stops: {type(error).__name__}: {error}\n")
            sys.stderr.flush()
        os._exit(1 if isinstance(error, (JournalMissing, CredentialsError)) else 70)


def _what_happened(lost: OutOfRange) -> str:
    if lost.offset < lost.begin:
        return f"{lost.begin - lost.offset} records were deleted before they were decided (retention?)"
    return "it is another log than the one that was decided on (was the topic made anew?)"


def run(settings: Settings) -> None:
    """Run a worker until it is told to stop; exits the process."""
    logs.begin()
    for key in settings.not_yet_effective():
        logger.warning("setting %s is accepted and has no effect yet", key)
    (settings.data / "faust").mkdir(parents=True, exist_ok=True)
    gc.set_threshold(*RARELY)
    worker = Worker(settings)
    process = worker.engine.Worker(loglevel="ERROR", override_logging=False, quiet=True)
    process.spinner = None  # escape codes of a progress mark, whatever it writes to
    process.execute_from_commandline()
