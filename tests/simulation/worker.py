"""One worker process of this world: the real hosts, partitions and actors over simulated ports."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from agents.campaigns import CampaignsActor
from agents.inbox import InboxActor
from agents.mails import MailsActor
from agents.senders import SenderActor
from agents.tally import TallyActor
from agents.tokens import TokensActor
from agents.users import Shared, UsersActor
from app.domain.model.push import Push, Target
from app.domain.rules.backoff import Patience
from app.partitioning import partition_of
from app.setup import actor_inputs
from app.topics import ACTORS
from app.turns.actor import Actor
from app.turns.host import Host
from app.turns.partition import Partition
from app.turns.ports import Owner, Phase, Ports
from app.turns.turnstile import Turnstile
from tests.simulation.campaigns import catalog_reader
from tests.simulation.disk import SimStore
from tests.simulation.intake import SimIntake
from tests.simulation.log import SimLog
from tests.simulation.loop import Process
from tests.simulation.provider import SimTransport
from tests.simulation.work import EXPLODES

if TYPE_CHECKING:
    from tests.simulation.world import World

SESSION_S = 10.0
UNFENCED_S = 40.0
PATIENCE = Patience(base_ms=500, longest_ms=4000, attempts=60)


class FragileUsers(UsersActor):
    """The users actor with a bug: one kind of event raises when everything about it is decided."""

    def step(self, turn: Any, record: Any, read: Any) -> None:
        """Decide, and raise for that kind."""
        super().step(turn, record, read)
        if getattr(read.message, "name", None) == EXPLODES:
            raise ZeroDivisionError("a bug of this build")


class SimWorker:
    """A process in one of the world's slots. A slot keeps its folders from one process to the next."""

    def __init__(self, world: World, slot: int, incarnation: int) -> None:
        self.world = world
        self.slot = slot
        self.process = Process(f"worker-{slot}.{incarnation}")
        self.full_until_s = 0.0
        self.is_cut = False
        self.is_stopping = False
        plan = world.plan
        self.intake = SimIntake(
            world.loop, world.dice, world.broker, self.process, plan.fetch_s, plan.most_fetched
        )
        self.intake.offer, self.intake.lost = self._offer, self._lost
        self._turnstile = Turnstile()
        self.catalog = catalog_reader(world)
        self._transport = SimTransport(world.provider, self._calling)
        self._heard: asyncio.Queue[tuple[str, Any]] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        owner = Owner(self.process.name, UNFENCED_S, SESSION_S)
        inputs = actor_inputs(world.topics)
        makers = self._makers()
        self.hosts = {
            name: Host(name, inputs[name], makers[name], self._ports, owner, world.crashed) for name in ACTORS
        }
        self._by_topic = {topic: host for host in self.hosts.values() for topic in host.topics}

    def _makers(self) -> dict[str, Callable[[Partition], Actor]]:
        world = self.world
        topics, plan = world.topics, world.plan
        shared = Shared(
            topics,
            self.catalog,
            world.clock,
            plan.partitions,
            world.partition_of,
            lambda user, partition: world.violated(f"{user} is not at home in {partition}"),
            stream_clock=not plan.is_wall,
        )
        return {
            "users": lambda partition: FragileUsers(partition, shared),
            "campaigns": lambda partition: CampaignsActor(partition, topics, self.catalog, plan.partitions),
            "inbox": lambda partition: InboxActor(partition, topics),
            "tokens": lambda partition: TokensActor(partition, topics),
            "tally": lambda partition: TallyActor(partition, topics, plan.partitions),
            "email": lambda partition: MailsActor(partition, topics, None),
            "fcm": lambda partition: SenderActor(partition, topics, self._transport, PATIENCE),
        }

    def _ports(self, actor: str, partition: int) -> Ports:
        world, tuning = self.world, self.world.plan.tuning
        home = (world.topics.journal(actor), partition)
        folder = world.folder(self.slot, actor, partition)
        return Ports(
            lambda: SimLog(
                world.broker,
                world.network,
                world.dice,
                f"sim.{actor}.{partition}",
                home,
                tuning.most_pairs,
                lambda _home, fence: self._fences.__setitem__(home, fence),
            ),
            lambda: SimStore(folder, self._is_full, lambda f: world.stored(home, f)),
            world.clock,
            self.intake,
            self._turnstile,
        )

    @property
    def _fences(self) -> dict[Any, Any]:
        return self.world.fences.setdefault(self.process, {})

    def _is_full(self) -> bool:
        return self.world.loop.now_s < self.full_until_s

    def _calling(self, push: Push, target: Target) -> None:
        home = (self.world.topics.journal("fcm"), self.world.partition_of(push.user.encode()))
        self.world.witness.calling(home, self._fences.get(home), push, target)

    def _offer(self, topic: str, partition: int, records: Any) -> None:
        self._by_topic[topic].offer(topic, partition, records)

    def _lost(self, topic: str, partition: int, offset: int) -> None:
        self._tasks.add(asyncio.ensure_future(self._find_out(topic, partition, offset)))

    async def _find_out(self, topic: str, partition: int, offset: int) -> None:
        """A mailbox begins behind what comes next: only its owner empties it, of what it has decided."""
        if await self._by_topic[topic].is_lost(topic, partition, offset):
            self.world.violated(f"E1: {topic}/{partition} was emptied before {offset} was decided")

    async def _tidy(self) -> None:
        """Empty the mailboxes of what is decided, as the housekeeping does."""
        while True:
            await asyncio.sleep(self.world.plan.tidy_s)
            for name, number, partition in self.partitions():
                if partition.phase is Phase.READY:
                    self._empty(self.hosts[name], number, partition)

    def _empty(self, host: Host, number: int, partition: Partition) -> None:
        for topic, is_mail, *_ in host.inputs:
            if is_mail and topic != self.world.topics.decisions:
                self.world.broker.part(topic, number).trim(partition.saved_offset(topic))

    # --- what the group says -----------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to listen to the group."""
        self._heard = asyncio.Queue()
        self.world.loop.create_task(self._listen(), context=self.process.context)
        if self.world.plan.tidy_s:
            self.world.loop.create_task(self._tidy(), context=self.process.context)

    def tell(self, word: str, what: Any) -> None:
        """Something that the group says to this process."""
        if self._heard is not None:
            self._heard.put_nowait((word, what))

    async def _listen(self) -> None:
        assert self._heard is not None
        while True:
            word, what = await self._heard.get()
            if word == "revoke":
                self.intake.is_flowing = False
                await asyncio.gather(*(host.revoked() for host in self.hosts.values()))
                if not what.done():
                    what.set_result(None)
            elif word == "assign":
                await self._assigned(what)
            else:
                await asyncio.gather(*(host.close() for host in self.hosts.values()))
                self.world.left(self)
                return

    async def _assigned(self, numbers: dict[str, list[int]]) -> None:
        self.intake.own(
            {(topic, n) for name, mine in numbers.items() for topic in self.hosts[name].topics for n in mine}
        )
        await asyncio.gather(*(host.assigned(numbers.get(name, ())) for name, host in self.hosts.items()))
        self.intake.is_flowing = True
        self.intake.look()

    def partitions(self) -> Iterable[tuple[str, int, Partition]]:
        """Everything that this process holds open."""
        for name, host in self.hosts.items():
            for number, partition in host.partitions.items():
                yield name, number, partition


def home_of(key: bytes, partitions: int) -> int:
    """Where a user lives in this world."""
    return partition_of(key, partitions, "murmur2")
