"""One world from one seed: made, run until nothing is left to do, and judged."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable
from contextvars import Context
from random import Random
from typing import Any

from app.topics import ACTORS, Topics
from app.turns import claim
from app.turns.deciding import WATERMARK_KEY
from app.turns.journals import TURNS_PER_MS
from app.turns.opening import IDENTITY_KEY, POSITION_KEY
from app.turns.partition import Partition
from app.turns.ports import Phase
from app.turns.watermark import Watermark, encode
from tests.simulation import campaigns
from tests.simulation.broker import Line, Part, Place, SimBroker
from tests.simulation.disk import Folder
from tests.simulation.group import Group
from tests.simulation.loop import Process, SimLoop
from tests.simulation.network import Network
from tests.simulation.plan import Plan
from tests.simulation.provider import SimProvider
from tests.simulation.striking import Striker
from tests.simulation.tuned import tuned
from tests.simulation.witness import Witness
from tests.simulation.work import WALL_START_S, Said, make_work
from tests.simulation.worker import SimWorker, home_of

STEPS = 60_000
LOOK_S = 0.5
LONGEST_LOOK_S = 20.0
MOVED_STEPS = 20
NOT_LATER_S = 3_000.0
RESTLESS_S = 60.0
LONG_MS = 43_200_000


class SimClock:
    """The one clock of all workers."""

    def __init__(self, loop: SimLoop) -> None:
        self._loop = loop

    def now_ms(self) -> int:
        """The wall clock: a morning, and what has passed since."""
        return WALL_START_S * 1000 + int(self._loop.now_s * 1000)

    def monotonic_s(self) -> float:
        """Seconds since the world began."""
        return self._loop.now_s


class World:
    """Everything that there is. `run` ends with what was violated."""

    def __init__(self, plan: Plan, *, traced: bool = False) -> None:
        self.plan = plan
        self.dice = Random(f"world {plan.seed}")
        self.loop = SimLoop(self.dice)
        self.clock = SimClock(self.loop)
        self.topics = Topics("sim", "events")
        self.broker = SimBroker(self.clock.now_ms, plan.tuning.last_epoch)
        self.network = Network(self.loop, self.dice, plan.habits)
        self.provider = SimProvider(self.loop, self.dice, plan.manners)
        self.work = make_work(plan, self.dice)
        self.witness = Witness(self.topics, self.work.times_s, self.violated, has_caps=plan.has_caps)
        self.witness.traced = self.trace
        self.fences: dict[Process, dict[Place, Any]] = {}
        self.buried: list[tuple[int, int, str]] = []
        self.paused_ms: dict[str, int] = {}
        self.violations: list[str] = []
        self.struck: Counter[str] = Counter()
        self.digest = 0
        self.lines: list[str] | None = [] if traced else None
        self.workers: list[SimWorker] = []
        self._folders: dict[tuple[int, str, int], Folder] = {}
        self._outside = Context()
        self._to_say = iter(self.work.said)
        self._all_said, self._said_s = False, 0.0
        self._incarnations = 0
        self._looked, self._look_s = 0, LOOK_S
        self.group = Group(self)
        self.striker = Striker(self)

    # --- what the pieces ask for -------------------------------------------------------------------------

    def partition_of(self, key: bytes) -> int:
        """Where a user lives."""
        return home_of(key, self.plan.partitions)

    def folder(self, slot: int, actor: str, partition: int) -> Folder:
        """A state folder; it outlives the process."""
        return self._folders.setdefault((slot, actor, partition), Folder())

    def folders(self, slot: int) -> list[Folder]:
        """All folders of a slot."""
        return [folder for (owner, _, _), folder in self._folders.items() if owner == slot]

    def later(self, delay_s: float, act: Callable[..., None], *args: Any) -> None:
        """Let something happen that belongs to no process."""
        self.loop.call_later(delay_s, act, *args, context=self._outside)

    def trace(self, kind: str, *what: Any) -> None:
        """Note what happened; the digest of all notes is what two runs of a seed must share."""
        line = f"{self.loop.steps} {self.loop.now_s:.6f} {kind} {' '.join(map(str, what))}"
        self.digest = zlib.crc32(line.encode(), self.digest)
        if self.lines is not None:
            self.lines.append(line)

    def violated(self, what: str) -> None:
        """A promise is broken: the world ends."""
        self.trace("VIOLATED", what)
        self.violations.append(what)
        self.loop.stopped = True

    def crashed(self, error: BaseException) -> None:
        """A partition ended by what is no refusal: a bug."""
        self.violated(f"a partition ended: {type(error).__name__}: {error}")

    def stored(self, home: Place, folder: Folder) -> None:
        """A folder was written: never ahead of its journal."""
        position = int.from_bytes(folder.store.get(POSITION_KEY) or b"", "big")
        if position > self.broker.part(*home).end:
            self.violated(f"E1: a folder of {home} stands at {position}, ahead of the journal")

    # --- life --------------------------------------------------------------------------------------------

    def run(self) -> list[str]:
        """Live to the end; what was violated, in words."""
        with tuned(self.plan.tuning):
            self._begin()
            is_done = self.loop.run(STEPS)
            if not is_done:
                self.violated(f"stuck: {self._standing()}")
        return self.violations

    def _begin(self) -> None:
        self.broker.wrote = self._wrote
        campaigns.begin_campaigns(self)
        for actor in ACTORS:
            for number in range(self.plan.partitions):
                self._begin_journal(actor, number)
        for slot in range(self.plan.slots):
            self.start_worker(slot)
        self.loop.call_soon(self._say, context=self._outside)
        self.later(LOOK_S, self._look)
        self.striker.begin()

    def _begin_journal(self, actor: str, number: int) -> None:
        identity = f"{actor}/{number}".encode()
        mark = Watermark(identity, self.clock.now_ms() * TURNS_PER_MS, 0, {}, {}, self.clock.now_ms())
        lines: list[Line] = [(IDENTITY_KEY, identity, ()), (WATERMARK_KEY, encode(mark), ())]
        self.broker.publish((self.topics.journal(actor), number), lines)

    def start_worker(self, slot: int) -> None:
        """A new process in this slot, on the folders that are there; it joins the group."""
        self._incarnations += 1
        worker = SimWorker(self, slot, self._incarnations)
        self.workers = [each for each in self.workers if each.slot != slot] + [worker]
        self.trace("start", worker.process.name)
        worker.start()
        self.group.join(worker)

    def left(self, worker: SimWorker) -> None:
        """A worker has stopped in good order, and ends."""
        self.trace("left", worker.process.name)
        worker.process.is_dead = True
        self.group.leave(worker)
        self.later(self.dice.random() * 5, self.start_worker, worker.slot)

    def _say(self) -> None:
        """Publish the next record of `events`, and see to the one after it."""
        said = next(self._to_say, None)
        if said is None:
            self._all_said, self._said_s = True, self.loop.now_s
        elif self.plan.is_wall:
            due_s = float(said.at_s - WALL_START_S)
            self.later(max(0.0, due_s - self.loop.now_s), self._publish, said)
        else:
            self.later(self.dice.random() * self.plan.publish_s, self._publish, said)

    def _publish(self, said: Said) -> None:
        part = self.broker.part(self.topics.events, self._place(said))
        if self.dice.random() < self.plan.gaps:
            part.skip(self.dice.randint(1, 2))
        if said.spoilt:
            self.buried.append((part.place[1], part.end, said.spoilt))
        self.broker.publish(part.place, [(said.key, said.value, ())])
        if self.plan.gaps and self.dice.random() < self.plan.gaps:
            part.skip(1)
            self._wrote(part, part.end, ())
        self._say()

    def _place(self, said: Said) -> int:
        if said.key is not None:
            return self.partition_of(said.key)
        self._ticks = getattr(self, "_ticks", -1) + 1
        return self._ticks

    def _wrote(self, part: Part, offset: int, lines: Any) -> None:
        for _key, value, _headers in lines:
            self.trace("write", *part.place, offset, zlib.crc32(value or b""))
        if lines:
            self.witness.wrote(part, offset, lines)
        for worker in self.workers:
            if part.place in worker.intake.owned:
                worker.intake.look()

    # --- the end -----------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Is everything through? Then judge, and stop."""
        if self._all_said and self.loop.now_s > self._said_s + RESTLESS_S:
            self.network.calm()
            claim.RENEW_MS = LONG_MS
        if self._all_said and self.striker.is_quiet and self._is_through():
            from tests.simulation.judge import judge_world

            for what in judge_world(self):
                self.violated(what)
            self.loop.stopped = True
        elif self.loop.now_s > NOT_LATER_S:
            self.violated(f"stuck: {self._standing()}")
        else:
            moved = self.loop.steps - self._looked > MOVED_STEPS
            self._looked = self.loop.steps
            self._look_s = LOOK_S if moved else min(LONGEST_LOOK_S, 1.5 * self._look_s)
            self.later(self._look_s, self._look)

    def _is_through(self) -> bool:
        """Is each partition open once, with nothing left before it, under way, or waiting in its journal?"""
        owned: set[tuple[str, int]] = set()
        for worker in self.workers:
            for actor, number, partition in () if worker.process.is_dead else worker.partitions():
                if (actor, number) in owned or not self._is_idle(actor, number, partition):
                    return False
                owned.add((actor, number))
        return len(owned) == len(ACTORS) * self.plan.partitions and self.witness.nothing_waits()

    def _is_idle(self, actor: str, number: int, held: Partition) -> bool:
        relay, journal = held._relay, self.broker.part(self.topics.journal(actor), number)
        if held.phase is not Phase.READY or relay is None or relay.is_busy:
            return False
        if held.actor.in_flight or held.results_waiting:
            return False
        if (
            held._position != journal.end
        ):  # somebody has had it meanwhile, which is noticed with the next append
            held.claim.appended_ms = 0
            held.nudge()
            return False
        ends = ((held.reached(topic), self.broker.part(topic, number).end) for topic, *_ in held.inputs)
        return all(reached >= end for reached, end in ends)

    def _standing(self) -> str:
        told = [f"{self.loop.steps} steps, {self.loop.now_s:.1f} s, all said: {self._all_said}"]
        for worker in self.workers:
            state = "dead" if worker.process.is_dead else "frozen" if worker.process.is_frozen else "alive"
            told.append(f"{worker.process.name} {state}")
            for actor, number, partition in worker.partitions():
                ends = {t: self.broker.part(t, number).end for t, *_ in partition.inputs}
                told.append(
                    f"  {actor}/{number} {partition.phase.value} {partition.watermark.inputs} of {ends},"
                    f" {partition.actor.in_flight} in flight, {partition.refusals} refusals,"
                    f" {'idle' if self._is_idle(actor, number, partition) else 'busy'}"
                )
        told.append(f"unfinished by the journals: {not self.witness.nothing_waits()}")
        return "\n".join(told)

    def close(self) -> None:
        """End it all."""
        self.loop.close()
