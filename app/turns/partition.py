"""The life of one partition of one actor: open, turn after turn, close; reopen when the broker refuses it.

Knows no framework: log, store, clock and intake are ports.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from app.turns.actor import Actor
from app.turns.claim import Claim
from app.turns.deciding import Decided, Decider, Input, Work
from app.turns.figures import Figures
from app.turns.opening import Opening, Progress, open_partition
from app.turns.pace import Pace
from app.turns.ports import SETBACKS, Damaged, Log, Owner, Phase, Ports, Record, Refused, Store
from app.turns.queue import Queue
from app.turns.relay import Relay
from app.turns.ripeness import Ripeness
from app.turns.state import State
from app.turns.timers import Timers
from app.turns.watermark import Watermark

logger = logging.getLogger(__name__)

REOPEN_FIRST_S = 0.2
REOPEN_LAST_S = 10.0
IDLE_S = 1.0


class _Renewal(Exception):
    """The epoch is old: open again, as a whole."""


class Partition:
    """One partition of one actor. `run` lives as long as the group assigns it."""

    def __init__(
        self,
        actor_name: str,
        partition: int,
        inputs: Sequence[Input],
        make_actor: Callable[[Partition], Actor],
        ports: Ports,
        owner: Owner,
    ) -> None:
        self.name, self.number = f"{actor_name}/{partition}", partition
        self.inputs = tuple(inputs)
        self.phase = Phase.OPENING
        self.progress, self.figures = Progress(), Figures()
        self.watermark = Watermark(b"", 0, 0, {}, {})
        self.turns = self.records = self.refusals = self.rebuilds = 0
        self.trouble: str | None = None
        self.claim = Claim(ports.clock)
        self._ports = ports
        self._owner = owner
        self._queue = Queue(partition, ports.intake)
        self._waits = {each.topic: each.wait_s for each in self.inputs}
        self._pace = Pace(ports.clock)
        self._results: deque[Any] = deque()
        self._wake, self._turning = asyncio.Event(), asyncio.Lock()
        self._held_back = self._draining = self._closing = False
        self._relay: Relay | None = None
        self._ripeness: Ripeness | None = None
        self.actor = make_actor(self)
        self.state: State | None = None
        self._store: Store | None = None
        self._log: Log | None = None
        self._position = 0
        self._decider: Decider | None = None

    def offer(self, topic: str, records: Sequence[Record]) -> None:
        """Take a poll without ever waiting; a full queue takes only this topic out of the fetch."""
        if self.phase is not Phase.READY or self._held_back:
            return  # read again from the watermark
        self._queue.put(topic, records)
        self._hurry(self._waits[topic](records))

    def post(self, result: Any) -> None:
        """A result of work that a turn called for; decided in the next turn."""
        self._results.append(result)
        self.figures.answers += 1
        self._hurry(0.0)

    def nudge(self) -> None:
        """The actor has room again: look whether records wait."""
        self._hurry(0.0)

    def _hurry(self, linger_s: float) -> None:
        """Something has come that may wait so long; the next turn is at the earliest of these."""
        if self._pace.hurry(linger_s):
            self._wake.set()

    def hold_back(self) -> None:
        """A rebalance has begun: start no turn until it is known whose this partition is."""
        self._held_back = True
        self._queue.clear()
        self._wake.set()

    def saved_offset(self, topic: str) -> int:
        """The next offset by the last turn that is journaled, relayed and saved."""
        return 0 if self._relay is None else self._relay.saved.get(topic, -1) + 1

    async def settle(self) -> None:
        """Wait until nothing is under way: no call unanswered, no answer unjournaled, nothing unrelayed."""
        while self.actor.in_flight or self._results or (self._relay is not None and self._relay.is_busy):  # noqa: ASYNC110 - three sources
            await asyncio.sleep(0.01)

    async def go_on(self) -> None:
        """The rebalance left this partition here."""
        self._held_back = False
        if self.phase is Phase.READY:
            if not self.is_fresh:
                self.claim.ask()  # others may have owned it meanwhile
            await self._fetch_all()
        self._wake.set()

    async def _fetch_all(self) -> None:
        for topic, *_ in self.inputs:
            await self.fetch(topic)

    async def fetch(self, topic: str) -> None:
        """Fetch this input from the watermark on, wherever its fetch stands."""
        await self._ports.intake.start_at(topic, self.number, self.next_offset(topic))

    def next_offset(self, topic: str) -> int:
        """From where this input is to be fetched."""
        return self.watermark.inputs.get(topic, -1) + 1

    def reached(self, topic: str) -> int:
        """Everything below this offset is decided, or is no record at all."""
        return self._ports.intake.passed(topic, self.number, self.next_offset(topic))

    @property
    def is_fresh(self) -> bool:
        """Was the journal's last answer recent enough to still be the owner (a frozen process that wakes is not)?"""
        return self._ports.clock.monotonic_s() - self.claim.answered_s < self._owner.session_s

    def now_ms(self) -> int:
        """The wall clock of this worker."""
        return self._ports.clock.now_ms()

    @property
    def standing(self) -> tuple[Queue, Relay | None, bool]:
        """What waits, what is on its way, whether a rebalance holds it back: for whoever looks from outside."""
        return self._queue, self._relay, self._held_back

    @property
    def queued(self) -> int:
        """Records taken from Kafka and not decided."""
        return len(self._queue)

    @property
    def results_waiting(self) -> int:
        """Results posted and not decided."""
        return len(self._results)

    async def run(self) -> None:
        """Open and work until closed. Refusals reopen with back-off; anything else is a bug and raises."""
        pause_s = REOPEN_FIRST_S
        while not self._closing:
            try:
                await self._open()
                pause_s = REOPEN_FIRST_S if self.turns else pause_s
                await self._work()
            except _Renewal:
                await self._let_go(Phase.OPENING)
            except SETBACKS as refusal:
                self.refusals, self.trouble = self.refusals + 1, str(refusal)
                self.rebuilds += isinstance(refusal, Damaged)
                self.figures.lost(refusal)
                logger.warning("%s: %s: %s; reopening", self.name, type(refusal).__name__, refusal)
                await self._let_go(Phase.REFUSED)
                is_refused = isinstance(refusal, Refused)
                await asyncio.sleep(max(pause_s, self._owner.refused_wait_s) if is_refused else pause_s)
                pause_s = min(2 * pause_s, REOPEN_LAST_S)

    async def close(self) -> None:
        """End: start nothing new, let calls under way end and journal their results; then `run` returns."""
        self._draining = True
        async with self._turning:  # the calls of a turn that is under way begin when it is in the journal
            pass
        await self.actor.closing()
        self._closing = True
        self._wake.set()

    async def release(self) -> None:
        """After `run` has ended: producer, then store."""
        await self._let_go(Phase.CLOSED)

    async def _open(self) -> None:
        owner, clock, self.phase = self._owner, self._ports.clock, Phase.OPENING
        started_s = clock.monotonic_s()
        self._log = log = self._ports.log()
        self._store = store = self._ports.store()
        worker, wait_s, tables = owner.worker, owner.unfenced_wait_s, self.actor.tables
        opening = await open_partition(log, store, tables, worker, clock, wait_s, self.progress)
        if opening.discarded:
            self.rebuilds += 1
            logger.warning("%s: state folder discarded: %s", self.name, opening.discarded)
        relay = self._start(opening, log, store)
        await relay.again(opening.outbox)
        self.phase, self.trouble = Phase.READY, None
        self.figures.opened(clock.monotonic_s() - started_s)
        await self._fetch_all()
        logger.info("%s: open at journal offset %d", self.name, self._position)

    def _start(self, opening: Opening, log: Log, store: Store) -> Relay:
        timers = Timers(store)
        self.state = State(store, timers)
        self._decider = Decider(self.actor, self.state, self.inputs, log.fits)
        self.watermark = opening.watermark
        self._position = opening.position
        self.claim.opened()
        first = self.inputs[0].topic
        self._ripeness = Ripeness(
            self.actor.time, timers, lambda: self._journal().end_of(first), lambda: self.reached(first)
        )
        self.turns = 0
        wake, clock = self._wake.set, self._ports.clock
        self._relay = Relay(self.name, log, store, self.state, clock, wake, self.figures)
        self._relay.stored = opening.position
        return self._relay

    def _journal(self) -> Log:
        if self._log is None:
            raise Refused("the journal is closed")
        return self._log

    async def _let_go(self, phase: Phase) -> None:
        self.phase = phase
        self.claim.lost()
        for topic, *_ in self.inputs:
            self._ports.intake.pause(topic, self.number)
        if self._relay is not None:
            await self._relay.cancel()
            self._relay = None
        self._queue.clear()
        if self._log is not None:
            await self._log.close()
            self._log = None
        if self._store is not None:
            self._store.close()
            self._store = None
        self.state = self._decider = None

    async def _work(self) -> None:
        first = True
        while not self._closing or self._results:
            await self._check()
            ready_ms = await self._ready_ms()
            if self._has_work(ready_ms) or (first and not self.is_restricted):
                async with self._turning:
                    first = not await self._turn(ready_ms, first=first) and first
            else:
                await self._rest()
        if self._relay is not None:
            await self._relay.through()

    @property
    def is_restricted(self) -> bool:
        """Only what this process began may still be decided: the partition may be somebody else's soon."""
        return self._held_back or self._draining

    def _has_work(self, ready_ms: int | None) -> bool:
        now_ms = self._ports.clock.now_ms()
        if self.is_restricted:
            return bool(self._results)
        if self.claim.is_overdue(now_ms):
            return True
        if self.claim.is_old(now_ms):
            raise _Renewal
        if ready_ms is not None and self.actor.room() > 0:
            return True
        if not self._results and not (len(self._queue) and self.actor.room() > 0):
            return False
        return self._queue.is_full or self._pace.is_due

    async def _rest(self) -> None:
        """Wait for something to do, at most until the next timer or a second."""
        wait_s = IDLE_S
        if self._ripeness is not None and not self._held_back and self.actor.room() > 0:
            wait_s = min(wait_s, self._ripeness.wait_s(self._ports.clock.now_ms()) or wait_s)
        if self._results or (len(self._queue) and not self.is_restricted and self.actor.room() > 0):
            wait_s = self._pace.wait_s(wait_s)
        self._wake.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._wake.wait()

    async def _check(self) -> None:
        if self._relay is not None:
            await self._relay.check()

    async def _ready_ms(self) -> int | None:
        return None if self._ripeness is None else await self._ripeness.ready_ms(self._ports.clock.now_ms())

    async def _turn(self, ready_ms: int | None, *, first: bool) -> bool:
        """One turn; True where it was the first, which settles doubts: not while only what has begun may be decided."""
        latest_ms = await self.actor.prepare()
        await self._ports.turnstile.through(len(self._queue), ready_ms)
        if self._decider is None:
            return False
        first = first and not self.is_restricted
        reach, results = self._queue.fill(), list(self._results)
        self.figures.begun_s = self._pace.turned()
        records, ready_ms = ((), None) if self.is_restricted else (reach, ready_ms)
        now_ms = min(self._ports.clock.now_ms(), latest_ms)
        work = Work(results, records, ready_ms, now_ms, first, self._position)
        if ready_ms is not None and self.state is not None:
            self.figures.ripe(ready_ms, self.state.timers)
        decided = self._decider.decide(work, self.watermark)
        self._queue.taken(decided.taken)
        for _ in results:
            self._results.popleft()
        if len(self._queue) and self.actor.room() > 0:
            self._hurry(0.0)
        self.records += decided.taken
        await self._commit(decided)
        return first

    async def _commit(self, decided: Decided) -> None:
        turn, pairs = decided.turn, decided.pairs
        now_ms = self._ports.clock.now_ms()
        if turn.is_empty and not turn.operations and not self.claim.is_overdue(now_ms):
            self.watermark = turn.watermark
            return
        if self._relay is None or self._decider is None:
            raise Refused("the partition is closed")
        await self._relay.through()
        self.claim.trying()
        self.figures.asked_s = asked_s = self._ports.clock.monotonic_s()
        at = await self._journal().append(pairs, now_ms)
        if at != self._position:
            raise Refused(f"an append landed at {at} instead of {self._position}: somebody else wrote")
        self._position = at + len(pairs)
        answered_s = self.claim.held(now_ms)
        self.figures.appended(answered_s, answered_s - asked_s, decided.taken, len(pairs))
        self.watermark = turn.watermark
        self._decider.had_outbox = bool(turn.mail)
        self.turns += 1
        self._relay.begin(decided, self._position)
        self.actor.appended(turn)
