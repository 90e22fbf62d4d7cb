"""Decide a turn: step after step in memory, with a savepoint. Pure but for the actor's own state.

A step that fails, or whose effects alone do not fit, must cost nobody else anything. So a turn in which a step failed
is undone and decided again up to that step (the same steps on the same state give the same turn), and the failing
step then gets a turn of its own, in which its record is buried.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from app.turns.actor import Actor, Read, Time, Unreadable
from app.turns.ports import Pair, Record, Unstored
from app.turns.state import State
from app.turns.turn import Turn
from app.turns.watermark import Outbox, Watermark, encode, read_source

WATERMARK_KEY = b"\x00watermark"
OUTBOX_KEY = b"\x00outbox"
SOFT_BYTES = 1 << 20
STEPS = 4000


class Input(NamedTuple):
    """A topic of an actor's mailbox.

    `relayed`: it comes from other actors, with a source, and may repeat. `linger_s`: how long its records may wait for
    others to share their turn; 0 for what somebody waits for. `is_urgent`: whether a record is such, among others.
    """

    topic: str
    relayed: bool
    linger_s: float = 0.0
    is_urgent: Callable[[Record], bool] | None = None

    def wait_s(self, records: Sequence[Record]) -> float:
        """How long these may wait."""
        is_urgent = self.is_urgent
        if is_urgent is not None and any(is_urgent(record) for record in records):
            return 0.0
        return self.linger_s


class Work(NamedTuple):
    """What lies before a turn: results of this process, due timers up to `ready_ms`, records in order.

    `now_ms`: what it is timed at; no timer that is due later fires. `at`: where in the journal it has to land.
    """

    results: Sequence[Any]
    records: Sequence[Record]
    ready_ms: int | None
    now_ms: int
    first: bool = False
    at: int = 0


class Decided(NamedTuple):
    """A turn that fits: its pairs for the journal, how many records it took, and the state changes among the pairs."""

    turn: Turn
    taken: int
    pairs: list[Pair]
    changes: list[Pair]


class _Failure(NamedTuple):
    at: int
    error: Exception


class Decider:
    """Decides the turns of one partition."""

    def __init__(
        self, actor: Actor, state: State, inputs: Sequence[Input], fits: Callable[[Sequence[Pair]], bool]
    ) -> None:
        self._actor = actor
        self._state = state
        self._relayed = {each.topic for each in inputs if each.relayed}
        self._fits = fits
        self._streaming = actor.time is Time.STREAM
        self.had_outbox = True
        self._fitting = STEPS  # so many steps have fitted into a turn, or may

    def decide(self, work: Work, watermark: Watermark) -> Decided:
        """The next turn over this work; takes at least one record where there is one and the actor has room."""
        limit = min(self._fitting, self._actor.room())
        bury: Exception | None = None
        while True:
            attempt = _Attempt(self._actor, self._state, self._relayed, self._streaming, work, watermark)
            failure = attempt.run(limit, bury)
            steps = attempt.turn.operations
            if failure is None:
                decided = self._written(attempt)
                if isinstance(decided, Decided):
                    self._fitting = min(STEPS, 2 * self._fitting)
                    return decided
                self._fitting = max(1, steps // 2)
                failure = _Failure(steps // 2, decided)
            if bury is not None:
                raise failure.error
            self._state.forget()
            limit, bury = (failure.at, None) if failure.at else (1, failure.error)

    def _written(self, attempt: _Attempt) -> Decided | Exception:
        """The turn as bytes, or why there are none: it does not fit, or holds what cannot be encoded."""
        try:
            changes = attempt.turn.changes()
            pairs = self._pairs(attempt.turn, changes, attempt.at)
        except Exception as error:  # noqa: BLE001 - one step's value (a number of 100 bits): only its record may pay
            return error
        if self._fits(pairs):
            return Decided(attempt.turn, attempt.taken, pairs, changes)
        return ValueError("the effects of this step do not fit into one turn")

    def _pairs(self, turn: Turn, changes: list[Pair], at: int) -> list[Pair]:
        """The watermark comes first: whoever reads the journal knows at once whether the turn counts."""
        mark = turn.watermark
        mark.turn += 1
        mark.time_ms = turn.now_ms
        outbox = []
        if turn.mail or self.had_outbox:
            outbox.append((OUTBOX_KEY, encode(Outbox(mark.turn, turn.mail))))
        mark.at, mark.size = at, 1 + len(changes) + len(outbox)
        return [(WATERMARK_KEY, encode(mark)), *changes, *outbox]


class _Attempt:
    """One try at a turn. A step is a due timer or a record; `run` stops after `limit` of them, or at a failing one."""

    def __init__(
        self,
        actor: Actor,
        state: State,
        relayed: set[str],
        streaming: bool,
        work: Work,
        watermark: Watermark,
    ) -> None:
        self._actor = actor
        self._timers = state.timers
        self._relayed = relayed
        self._streaming = streaming
        self._work = work
        self.at = work.at
        now_ms = watermark.stream_ms if streaming else work.now_ms
        self.turn = Turn(state, watermark.copy(), now_ms)
        self.taken = 0

    def run(self, limit: int, bury: Exception | None) -> _Failure | None:
        for result in self._work.results:
            self._actor.done(self.turn, result)
        if self._work.first:
            self._actor.opened(self.turn)
        try:
            if self._work.ready_ms is not None:
                self._fire(min(self._work.ready_ms, self._work.now_ms), limit, bury)
            self._step_records(limit, bury)
            self._actor.finish(self.turn)
        except Unstored:
            raise  # the folder is at fault, and no record
        except Exception as error:  # noqa: BLE001 - a bug in a step: only the record at fault may pay for it
            return _Failure(self.turn.operations, error)
        return None

    def _full(self, limit: int) -> bool:
        turn = self.turn
        return turn.operations >= limit or turn.mail_bytes > SOFT_BYTES

    def _step_records(self, limit: int, bury: Exception | None) -> None:
        turn, actor, relayed, inputs = self.turn, self._actor, self._relayed, self.turn.watermark.inputs
        for record in self._work.records:
            if turn.operations >= limit or turn.mail_bytes > SOFT_BYTES:
                return
            topic = record.topic
            if record.offset > inputs.get(topic, -1):
                if topic not in relayed or self._is_new(record):
                    read = actor.read(record) if bury is None else self._read_to_bury(record, bury)
                    if self._streaming and not self._advance(read, limit, bury):
                        return
                    if bury is None and read.__class__ is Read:
                        actor.step(turn, record, read)
                    else:
                        self._bury(record, read, bury if turn.operations == 0 else None)
                    turn.operations += 1
                inputs[topic] = record.offset
            self.taken += 1

    def _read_to_bury(self, record: Record, bury: Exception) -> Read | Unreadable:
        """Reading it may be what failed: mail that another build wrote, or that is damaged."""
        try:
            return self._actor.read(record)
        except Exception:
            if self.turn.operations:
                raise
            return Unreadable("unreadable", _told(bury))

    def _bury(self, record: Record, read: Read | Unreadable, bury: Exception | None) -> None:
        if isinstance(read, Unreadable):
            self._actor.bury(self.turn, record, read.reason, read.detail)
        elif bury is not None:
            self._actor.bury(self.turn, record, "failed_step", _told(bury))
        else:
            self._actor.step(self.turn, record, read)

    def _is_new(self, record: Record) -> bool:
        source = read_source(record.headers)
        if source is None:
            return True
        place, seen = (source.turn, source.place), self.turn.watermark.sources
        if place <= seen.get(source.sender, (-1, -1)):
            return False
        seen[source.sender] = place
        return True

    def _advance(self, read: Read | Unreadable, limit: int, bury: Exception | None) -> bool:
        """Move the stream clock to this record, firing what is due before it; False where the turn is full."""
        if isinstance(read, Unreadable) or read.time_ms is None:
            return True
        turn, time_ms = self.turn, read.time_ms
        until_ms = time_ms if read.includes else time_ms - 1
        if self._timers.soonest_ms <= until_ms and not self._fire(until_ms, limit, bury):
            return False
        watermark = turn.watermark
        watermark.stream_ms = max(watermark.stream_ms, time_ms)
        turn.now_ms = watermark.stream_ms
        return turn.operations < limit and turn.mail_bytes <= SOFT_BYTES

    def _fire(self, until_ms: int, limit: int, bury: Exception | None) -> bool:
        """Fire every timer due at or before `until_ms`; False where the turn is full before all have fired."""
        turn, timers = self.turn, self._timers
        while (first := timers.first()) is not None and first[0] <= until_ms:
            if self._full(limit):
                return False
            due_ms, key = first
            if self._streaming:
                turn.now_ms = due_ms
                turn.watermark.stream_ms = max(turn.watermark.stream_ms, due_ms)
            if bury is not None and turn.operations == 0:
                self._actor.abandon(turn, key, due_ms, _told(bury))
            else:
                self._actor.due(turn, key, due_ms)
            turn.forget_due(key, due_ms)
            turn.operations += 1
        return True


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
