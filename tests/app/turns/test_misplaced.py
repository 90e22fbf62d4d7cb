"""A turn counts where it had to land, and nowhere else: what the broker did not refuse, no reader takes for decided."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from app.turns.deciding import OUTBOX_KEY, WATERMARK_KEY
from app.turns.misplaced import misplaced
from app.turns.opening import POSITION_KEY, Opening, Progress, open_partition
from app.turns.ports import Fence, Pair, Refused, Unanswered
from app.turns.watermark import Outbox, Watermark, decode_watermark, encode
from tests.app.turns.broker import MemoryBroker, MemoryLog
from tests.app.turns.memory import MemoryStore, SetClock
from tests.app.turns.test_deciding import SUMS, Sum

A, B = SUMS.prefix + b"a", SUMS.prefix + b"b"

pytestmark = pytest.mark.timeout(30)


class Stranger(MemoryLog):
    """A log that the broker refuses nothing, whoever has opened since."""

    async def fence(self) -> Fence:
        """An id of its own."""
        found = await super().fence()
        self._epoch = 1 << 20
        return found


class Narrow(MemoryLog):
    """A log whose batches take three pairs."""

    def fits(self, pairs: Sequence[Pair]) -> bool:
        """Three."""
        return len(pairs) <= 3


class Silent(MemoryLog):
    """A log that answers nothing but its `opened`: whoever opens it dies before it has said again."""

    async def append(self, pairs: Sequence[Pair], time_ms: int) -> int:
        """Not a turn."""
        if pairs[0][0] == WATERMARK_KEY:
            raise Unanswered("dead")
        return await super().append(pairs, time_ms)


def turn(at: int, number: int, *pairs: tuple[bytes, int]) -> list[Pair]:
    """A turn as its maker appends it: watermark, sums, outbox."""
    said: list[Pair] = [(key, SUMS.encode(Sum(total))) for key, total in pairs]
    outbox = (OUTBOX_KEY, encode(Outbox(number, [])))
    mark = Watermark(b"identity", number, 0, {"in": number}, {}, 0, at, len(said) + 2)
    return [(WATERMARK_KEY, encode(mark)), *said, outbox]


async def opened(log: MemoryLog, store: MemoryStore) -> Opening:
    return await open_partition(log, store, (SUMS,), "w", SetClock(), 0.0, Progress())


def total(store: MemoryStore, key: bytes) -> int:
    raw = store.get(key)
    return 0 if raw is None else SUMS.decode(raw).total


async def overwritten(store: MemoryStore) -> tuple[MemoryBroker, int]:
    """A journal in which an owner of old has written over its successor's turn, and where its turn begins."""
    broker = MemoryBroker()
    old = broker.log()
    await old.fence()
    first = await opened(broker.log(), store)
    log = broker.log()
    await log.fence()
    await log.append(turn(first.position, 1, (A, 1), (B, 1)), 0)
    late = await log.append(turn(first.position, 1, (A, 99), (b"\x10made up", 7)), 0)
    return broker, late


async def test_who_goes_on_reads_nothing_of_it() -> None:
    """Given a turn behind its place, when somebody opens from the folder of its successor, or from an empty one."""
    rightful = MemoryStore()
    broker, _ = await overwritten(rightful)
    for store in (rightful, MemoryStore()):
        opening = await opened(broker.log(), store)
        assert (total(store, A), total(store, B)) == (1, 1)
        assert store.get(b"\x10made up") is None
        assert opening.watermark.inputs == {"in": 1}
        assert opening.position == len(broker.journal)


async def test_what_it_wrote_over_is_said_again_behind_it() -> None:
    """Given a journal of which only the last value of each key is left, then it holds what was decided."""
    broker, late = await overwritten(MemoryStore())
    store = MemoryStore()
    await opened(broker.log(), store)
    latest = dict(broker.journal)
    assert SUMS.decode(latest[A] or b"").total == 1
    assert latest[b"\x10made up"] is None
    mark = decode_watermark(latest[WATERMARK_KEY] or b"")
    assert (mark.inputs, mark.turn) == ({"in": 1}, 2)
    assert mark.at > late
    assert broker.journal[mark.at][0] == WATERMARK_KEY
    compacted = MemoryStore()
    compacted.write(latest.items())
    assert {key: store.get(key) for key in (A, B)} == {key: compacted.get(key) for key in (A, B)}


async def test_it_is_said_again_only_once() -> None:
    """Given a folder that was opened behind it, when it is opened again, then nothing is said but `opened`."""
    store = MemoryStore()
    broker, _ = await overwritten(store)
    await opened(broker.log(), store)
    for folder in (store, MemoryStore()):
        end = len(broker.journal)
        await opened(broker.log(), folder)
        assert len(broker.journal) == end + 1


async def test_an_owner_that_dies_before_it_has_said_it_again_leaves_it_to_the_next() -> None:
    """Given a folder restored behind it, and no answer, then the next opening of this folder finds it again."""
    store = MemoryStore()
    broker, late = await overwritten(store)
    with pytest.raises(Unanswered):
        await opened(Silent(broker), store)
    assert int.from_bytes(store.get(POSITION_KEY) or b"", "big") == late
    await opened(broker.log(), store)
    assert SUMS.decode(dict(broker.journal)[A] or b"").total == 1


async def test_somebody_who_writes_while_it_is_said_again_is_noticed() -> None:
    """Given an append between, then this opening is refused, and the next one says all of it again."""
    store = MemoryStore()
    broker, _ = await overwritten(store)

    class Disturbed(MemoryLog):
        async def append(self, pairs: Sequence[Pair], time_ms: int) -> int:
            if pairs[0][0] == WATERMARK_KEY:
                broker.journal += turn(1, 1, (A, 98))
            return await super().append(pairs, time_ms)

    with pytest.raises(Refused):
        await opened(Disturbed(broker), store)
    await opened(broker.log(), store)
    assert SUMS.decode(dict(broker.journal)[A] or b"").total == total(store, A) == 1


async def test_what_does_not_fit_into_one_batch_is_said_in_several() -> None:
    """Given batches of three pairs, then each of them stands where it says."""
    broker, late = await overwritten(MemoryStore())
    opening = await opened(Narrow(broker), MemoryStore())
    marks = [
        (at, value) for at, (key, value) in enumerate(broker.journal) if key == WATERMARK_KEY and at > late
    ]
    assert len(marks) == 2
    assert not any(misplaced(at, value) for at, value in marks)
    assert opening.position == len(broker.journal)


async def test_a_turn_of_an_earlier_build_counts_where_it_stands() -> None:
    """Given a watermark that does not say where it had to land, then it counts."""
    broker = MemoryBroker()
    broker.journal += [
        (A, SUMS.encode(Sum(5))),
        (WATERMARK_KEY, encode(Watermark(b"identity", 3, 0, {}, {}))),
    ]
    store = MemoryStore()
    assert (await opened(broker.log(), store)).watermark.turn == 3
    assert total(store, A) == 5
