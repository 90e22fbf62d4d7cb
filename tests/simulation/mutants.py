"""Builds that are broken on purpose, each by a defect that the protocol exists to rule out (reliability §6).

A defect that no world finds is a hole in the simulation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import msgspec

from agents.senders import SenderActor
from agents.users import UsersActor
from app import wire
from app.domain import deliver, guard
from app.domain.model.event import Event
from app.domain.model.user import CountedPush
from app.turns import misplaced, opening, partition
from app.turns.deciding import OUTBOX_KEY, WATERMARK_KEY, _Attempt
from app.turns.host import Host
from app.turns.misplaced import Misplaced
from app.turns.opening import OPENED_KEY
from app.turns.ports import Fence, Mail
from app.turns.relay import Relay
from app.turns.timers import NEVER_MS
from app.turns.watermark import decode_outbox, source_header
from tables.catalog import CatalogReader
from tables.ledger import LEDGER
from tests.simulation import worker
from tests.simulation.broker import OldEpoch, Part, SimBroker
from tests.simulation.log import SimLog

DAY_MS = 86_400_000
Patch = Callable[[Any, str, Any], None]


def skip_event(patch: Patch) -> None:
    """Every seventh event of a process is passed over without a word."""
    step, numbers = UsersActor.step, count(1)

    def skipping(self: Any, turn: Any, record: Any, read: Any) -> None:
        if next(numbers) % 7:
            step(self, turn, record, read)

    patch(UsersActor, "step", skipping)


def decide_twice(patch: Patch) -> None:
    """Every fifth event is decided once more, under another name."""
    step, numbers = UsersActor.step, count(1)

    def twice(self: Any, turn: Any, record: Any, read: Any) -> None:
        step(self, turn, record, read)
        if isinstance(read.message, Event) and next(numbers) % 5 == 0:
            again = msgspec.structs.replace(read.message, message_id=f"{read.message.message_id}-again")
            step(self, turn, record, msgspec.structs.replace(read, message=again))

    patch(UsersActor, "step", twice)


def relay_before_append(patch: Patch) -> None:
    """Messages leave before the turn that decided them is in the journal."""
    append = SimLog.append

    async def relay_first(self: Any, pairs: Any, time_ms: int) -> int:
        packed = dict(pairs).get(OUTBOX_KEY)
        if packed is not None:
            outbox = decode_outbox(packed)
            *_, actor, number = self._transactional_id.split(".")
            sources = (source_header(f"{actor}/{number}", outbox.turn, place) for place in count())
            await self.relay(zip((Mail(*each) for each in outbox.mail), sources, strict=False), time_ms)
        return await append(self, pairs, time_ms)

    patch(SimLog, "append", relay_first)


def watermark_outside_batch(patch: Patch) -> None:
    """The watermark follows the state in a batch of its own."""
    append = SimLog.append

    async def apart(self: Any, pairs: Any, time_ms: int) -> int:
        marks = [pair for pair in pairs if pair[0] == WATERMARK_KEY]
        rest = [pair for pair in pairs if pair[0] != WATERMARK_KEY]
        if not marks or not rest:
            return await append(self, pairs, time_ms)
        at = await append(self, rest, time_ms)
        await append(self, marks, time_ms)
        return at

    patch(SimLog, "append", apart)


def no_opened_record(patch: Patch) -> None:
    """An owner restores up to the end that it sees, and appends nothing before it decides."""
    append, read = SimLog.append, SimLog.read

    async def unsaid(self: Any, pairs: Any, time_ms: int) -> int:
        if pairs[0][0] == OPENED_KEY:
            part = self._broker.part(*self.home)
            return int(await self._network.start(lambda: part.end)) - 1
        return await append(self, pairs, time_ms)

    patch(SimLog, "append", unsaid)
    patch(SimLog, "read", lambda self, start, stop: read(self, start, stop + 1))


def old_epoch_reused(patch: Patch) -> None:
    """Whoever opens goes on under the producer id and epoch that are there: nobody is refused, and all of it counts."""

    def same(self: Any, transactional_id: str) -> tuple[int, int]:
        return self._ids.setdefault(transactional_id, (len(self._ids) + 1, 0))  # type: ignore[no-any-return]

    def unfenced(self: Any, pid: int, epoch: int, sequence: int, lines: Any, time_ms: int) -> Any:
        return self.write(lines, time_ms), True

    patch(misplaced, "misplaced", _never)
    patch(SimBroker, "init_producer", same)
    patch(Part, "produce", unfenced)


def fence_never_refuses(patch: Patch) -> None:
    """Epochs rise, the older owner may go on appending, and all of it counts: a journal without fences."""
    produce = Part.produce

    def forgiving(self: Any, pid: int, epoch: int, sequence: int, lines: Any, time_ms: int) -> Any:
        try:
            return produce(self, pid, epoch, sequence, lines, time_ms)
        except OldEpoch:
            return self.write(lines, time_ms), True

    patch(misplaced, "misplaced", _never)
    patch(Part, "produce", forgiving)


def outbox_not_relayed(patch: Patch) -> None:
    """An opening leaves the last outbox as it is."""

    async def nothing(self: Any, outbox: Any) -> None:
        return

    patch(Relay, "again", nothing)


def ledger_after_call(patch: Patch) -> None:
    """A call is made without a word in the journal before it; the ledger is written with its answer."""
    step, done = SenderActor.step, SenderActor.done
    attempts: dict[bytes, Any] = {}

    def only_call(self: Any, turn: Any, record: Any, read: Any) -> None:
        step(self, turn, record, read)
        for key, *_ in turn.calls:
            if turn.get(LEDGER, key) is not None:
                attempts[key] = turn.get(LEDGER, key)
                turn.delete(LEDGER, key)

    def with_answer(self: Any, turn: Any, result: Any) -> None:
        if turn.get(LEDGER, result.key) is None and result.key in attempts:
            turn.put(LEDGER, result.key, attempts.pop(result.key))
        done(self, turn, result)

    patch(SenderActor, "step", only_call)
    patch(SenderActor, "done", with_answer)


def relayed_counted_twice(patch: Patch) -> None:
    """What is relayed once more is decided once more."""
    patch(_Attempt, "_is_new", lambda _self, _record: True)


def timer_fired_early(patch: Patch) -> None:
    """Timers fire up to two seconds before they are due."""
    fire = _Attempt._fire

    def early(self: Any, until_ms: int, limit: int, bury: Any) -> bool:
        fired = fire(self, until_ms, limit, bury)
        while fired and (first := self._timers.first()) is not None and first[0] <= until_ms + 2000:
            self._actor.due(self.turn, first[1], first[0])
            self.turn.forget_due(first[1], first[0])
            self.turn.operations += 1
        return fired

    patch(_Attempt, "_fire", early)


def pause_ignored(patch: Patch) -> None:
    """A campaign that is not live may send all the same."""
    patch(guard, "ALWAYS", tuple(each for each in guard.ALWAYS if each is not guard.live))


def catalog_read_once(patch: Patch) -> None:
    """The campaigns are read when a worker starts, and never again."""
    until_current = CatalogReader.until_current

    async def once(self: Any) -> int:
        if self._position == 0:
            await until_current(self)
        return NEVER_MS

    patch(CatalogReader, "until_current", once)


def dead_letter_without_offset(patch: Patch) -> None:
    """A dead letter does not say where its record stands."""
    letter = wire.dead_letter

    def vague(record: Any, reason: str, message: str) -> bytes:
        told = wire.decode_dead_letter(letter(record, reason, message))
        return msgspec.json.encode(msgspec.structs.replace(told, offset=-1))

    patch(wire, "dead_letter", vague)


def doubts_forgotten(patch: Patch) -> None:
    """Calls whose answers the journal lacks are not made again until their limit has passed, and that is for ever."""

    def nothing(self: Any, turn: Any) -> None:
        return

    def never(self: Any, turn: Any, key: bytes, due_ms: int) -> None:
        return

    patch(SenderActor, "opened", nothing)
    patch(SenderActor, "due", never)


def stale_state_trusted(patch: Patch) -> None:
    """An opening takes its folder for current, and reads nothing of the journal."""

    async def nothing(*_arguments: Any) -> Misplaced:
        return Misplaced()

    patch(opening, "restore", nothing)


def wait_for_unfenced_skipped(patch: Patch) -> None:
    """Nobody looks where an append has landed, and nobody waits for an owner that cannot be fenced."""
    commit = partition.Partition._commit

    async def anywhere(self: Any, decided: Any) -> None:
        journal, position = self._journal(), self._position
        append = journal.append

        async def believe(pairs: Any, time_ms: int) -> int:
            await append(pairs, time_ms)
            return int(position)

        journal.append = believe
        try:
            await commit(self, decided)
        finally:
            del journal.append

    new_ids(patch)
    patch(partition.Partition, "_commit", anywhere)


def turns_count_anywhere(patch: Patch) -> None:
    """A turn that the broker did not refuse counts wherever it stands, and nobody waits."""
    new_ids(patch)
    patch(misplaced, "misplaced", _never)


def _never(_at: int, _value: bytes | None) -> int:
    return 0


def new_ids(patch: Patch) -> None:
    """Not a broken build: every owner gets another producer id, so that the broker refuses none, and none waits."""

    async def fence(self: Any) -> Fence:
        pid = await self._network.start(self._broker.new_pid)
        self.owner = Fence(pid, 0)
        self._fenced(self.home, self.owner)
        return Fence(pid, 0)

    patch(SimLog, "fence", fence)
    patch(worker, "UNFENCED_S", 0.05)


def emptied_taken_for_lost(patch: Patch) -> None:
    """A mailbox that others have emptied is taken for lost, and nobody asks whose the partition is."""

    async def at_once(self: Any, _topic: str, number: int, _offset: int) -> bool:
        return number in self.partitions

    patch(Host, "is_lost", at_once)


def slot_forgotten(patch: Patch) -> None:
    """A push that is cleared does not count against the user's caps: the next campaign gets the same slot."""

    def long_ago(cleared_ms: int, message_id: str) -> CountedPush:
        return CountedPush(cleared_ms - 2 * DAY_MS, message_id)

    patch(deliver, "CountedPush", long_ago)


MUTANTS: dict[str, Callable[[Patch], None]] = {
    each.__name__: each
    for each in (
        skip_event,
        decide_twice,
        relay_before_append,
        watermark_outside_batch,
        no_opened_record,
        old_epoch_reused,
        fence_never_refuses,
        outbox_not_relayed,
        ledger_after_call,
        relayed_counted_twice,
        timer_fired_early,
        pause_ignored,
        catalog_read_once,
        dead_letter_without_offset,
        doubts_forgotten,
        stale_state_trusted,
        wait_for_unfenced_skipped,
        turns_count_anywhere,
        emptied_taken_for_lost,
        slot_forgotten,
    )
}


@contextmanager
def broken(name: str | None) -> Iterator[None]:
    """Run as such a build, or under `new_ids`; None: as it is."""
    before: list[tuple[Any, str, Any]] = []

    def patch(owner: Any, what: str, instead: Any) -> None:
        before.append((owner, what, getattr(owner, what)))
        setattr(owner, what, instead)

    if name is not None:
        (MUTANTS | {new_ids.__name__: new_ids})[name](patch)
    try:
        yield
    finally:
        for owner, what, was in reversed(before):
            setattr(owner, what, was)
