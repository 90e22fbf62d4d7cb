"""A turn: one bad record costs nobody else anything, repeats vanish, and what does not fit is cut between records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from app.turns.actor import Read, Time, Unreadable
from app.turns.deciding import OUTBOX_KEY, WATERMARK_KEY, Decided, Decider, Input, Work
from app.turns.ports import Pair
from app.turns.state import State
from app.turns.table import Table
from app.turns.timers import NEVER_MS, Timers
from app.turns.turn import Turn
from app.turns.watermark import SOURCE, Watermark, decode_outbox, decode_watermark, source_header
from tests.app.turns.memory import MemoryRecord, MemoryStore


class Sum(msgspec.Struct, array_like=True):
    """A sum, and when it wants to be doubled."""

    total: int = 0
    due_ms: int | None = None


SUMS = Table("sums", b"\x10", Sum, lambda value: () if value.due_ms is None else (value.due_ms,))


class SumActor:
    """Adds numbers up per key; `boom` raises, `due N` asks to be doubled at N, and every step is told to `out`."""

    tables = (SUMS,)

    def __init__(self, time: Time = Time.STREAM, room: int = 1000) -> None:
        self.time = time
        self._room = room

    in_flight = 0

    async def prepare(self) -> int:
        return NEVER_MS

    def room(self) -> int:
        return self._room

    def opened(self, turn: Turn) -> None:
        """Nothing."""

    def read(self, record: Any) -> Read | Unreadable:
        text = (record.value or b"").decode()
        return Unreadable("unreadable", text) if text == "?" else Read(text, record.timestamp)

    def step(self, turn: Turn, record: Any, read: Read) -> None:
        value = turn.get(SUMS, record.key) or Sum()
        verb, _, number = read.message.partition(" ")
        if verb == "due":
            value.due_ms = int(number)
        else:
            value.total += int(number or 0) if verb in {"boom", "long"} else int(verb)
        turn.put(SUMS, record.key, value)
        turn.send("out", record.key, b"x" * int(number) if verb == "long" else read.message.encode())
        if verb == "boom":
            raise RuntimeError("boom")

    def due(self, turn: Turn, key: bytes, due_ms: int) -> None:
        value = turn.get(SUMS, key[1:])
        assert value is not None
        value.total *= 2
        value.due_ms = None
        turn.put(SUMS, key[1:], value)
        turn.send("out", key[1:], b"due at %d" % turn.now_ms)
        if value.total < 0:
            raise RuntimeError("negative")

    def abandon(self, turn: Turn, key: bytes, due_ms: int, why: str) -> None:
        value = turn.get(SUMS, key[1:])
        assert value is not None
        value.due_ms = None
        turn.put(SUMS, key[1:], value)

    def bury(self, turn: Turn, record: Any, reason: str, detail: str) -> None:
        turn.send("dead", record.key, f"{record.offset} {reason}".encode())

    def done(self, turn: Turn, result: Any) -> None:
        """Nothing."""

    def finish(self, turn: Turn) -> None:
        """Nothing."""

    def appended(self, turn: Turn) -> None:
        """Nothing."""

    async def closing(self) -> None:
        """Nothing."""


class Bench:
    """One partition's deciding over a store in memory; `take` runs turns until all records are decided."""

    def __init__(self, actor: SumActor | None = None, most_bytes: int = 1 << 20) -> None:
        self.store = MemoryStore()
        self.state = State(self.store, Timers(self.store))
        self.most_bytes = most_bytes
        self.actor = actor or SumActor()
        inputs = [Input("in", relayed=False), Input("mail", relayed=True)]
        self.decider = Decider(self.actor, self.state, inputs, self._fits)
        self.watermark = Watermark(b"", 0, 0, {}, {})
        self.turns: list[Decided] = []

    def _fits(self, pairs: Sequence[Pair]) -> bool:
        return sum(len(key) + len(value or b"") for key, value in pairs) < self.most_bytes

    def take(self, records: list[MemoryRecord], ready_ms: int | None = None) -> None:
        left = list(records)
        while left or ready_ms is not None:
            decided = self.decider.decide(Work((), left, ready_ms, 0), self.watermark)
            self.watermark = decided.turn.watermark
            self.store.write(decided.pairs)
            number, index = self.state.timers.commit()
            self.store.write(index)
            self.state.timers.saved(number, index)
            self.turns.append(decided)
            left, ready_ms = left[decided.taken :], None

    def out(self, topic: str = "out") -> list[bytes | None]:
        return [mail.value for decided in self.turns for mail in decided.turn.mail if mail.topic == topic]

    def total(self, key: bytes) -> int:
        raw = self.store.get(SUMS.prefix + key)
        return 0 if raw is None else SUMS.decode(raw).total


def events(*texts: str, first: int = 0, times: Sequence[int] | None = None) -> list[MemoryRecord]:
    """Records of `in` for the keys a, b, a, b, …"""
    return [
        MemoryRecord(
            "in", 0, first + at, times[at] if times else 100 + at, b"ab"[at % 2 : at % 2 + 1], text.encode()
        )
        for at, text in enumerate(texts)
    ]


def test_turn_holds_state_outbox_and_watermark() -> None:
    """Given three events, when a turn takes them, then its pairs are the changed state, the outbox, the watermark."""
    bench = Bench()
    bench.take(events("1", "2", "3"))
    (decided,) = bench.turns
    keys = [key for key, _ in decided.pairs]
    assert keys == [WATERMARK_KEY, SUMS.prefix + b"a", SUMS.prefix + b"b", OUTBOX_KEY]
    mark = decode_watermark(decided.pairs[0][1] or b"")
    assert (mark.inputs, mark.size) == ({"in": 2}, len(keys))
    assert len(decode_outbox(decided.pairs[-1][1] or b"").mail) == 3


def test_record_whose_step_fails_leaves_only_a_dead_letter() -> None:
    """Given a step that raises after it has changed and sent something, then nothing of it remains but the letter."""
    bench = Bench()
    bench.take(events("1", "2", "boom 50", "4", "5"))
    assert (bench.total(b"a"), bench.total(b"b")) == (6, 6)
    assert bench.out() == [b"1", b"2", b"4", b"5"]
    assert bench.out("dead") == [b"2 failed_step"]
    assert bench.watermark.inputs["in"] == 4


def test_unreadable_record_leaves_its_neighbours_in_the_same_turn() -> None:
    """Given a record that cannot be read, then one turn decides it and its neighbours."""
    bench = Bench()
    bench.take(events("1", "?", "3"))
    assert len(bench.turns) == 1
    assert bench.out("dead") == [b"1 unreadable"]
    assert bench.total(b"a") == 4


def test_turn_that_does_not_fit_is_cut_between_records() -> None:
    """Given more effects than one batch holds, then they are spread over turns, each of which fits, none lost."""
    bench = Bench(most_bytes=5_000)
    bench.take(events(*["long 900"] * 20))
    assert len(bench.turns) > 3
    assert bench.out() == [b"x" * 900] * 20
    assert bench.watermark.inputs["in"] == 19


def test_record_whose_own_effects_do_not_fit_is_buried() -> None:
    """Given one record whose effects alone are too large, then it alone becomes a dead letter."""
    bench = Bench(most_bytes=5_000)
    bench.take(events("1", "2", "long 9000", "4"))
    assert bench.out("dead") == [b"2 failed_step"]
    assert bench.out() == [b"1", b"2", b"4"]


def test_record_whose_state_cannot_be_encoded_is_buried() -> None:
    """Given a record that leaves a number of more than 64 bits in its state, then it alone becomes a dead letter."""
    bench = Bench()
    bench.take(events("1", "2", str(1 << 70), "4", "5"))
    assert bench.out("dead") == [b"2 failed_step"]
    assert (bench.total(b"a"), bench.total(b"b")) == (6, 6)
    assert bench.watermark.inputs["in"] == 4


def test_decided_records_are_not_decided_again() -> None:
    """Given a poll that repeats what is below the watermark, then nothing happens twice."""
    bench = Bench()
    bench.take(events("1", "2", "3"))
    bench.take(events("1", "2", "3", "4"))
    assert (bench.total(b"a"), bench.total(b"b")) == (4, 6)


def test_repeated_mail_is_dropped_by_its_source() -> None:
    """Given mail that is relayed again under a new offset, then what is not above the highest source is dropped."""
    bench = Bench()

    def mail(offset: int, turn: int, place: int) -> MemoryRecord:
        return MemoryRecord("mail", 0, offset, 1, b"a", b"1", [(SOURCE, source_header("x/0", turn, place))])

    bench.take([mail(0, 7, 0), mail(1, 7, 1), mail(2, 7, 0), mail(3, 7, 1), mail(4, 8, 0)])
    assert bench.total(b"a") == 3


def test_timers_fire_between_records_in_stream_time() -> None:
    """Given a timer due at 105, then an event at 105 goes first, and one at 106 finds it fired, with now = 105."""
    bench = Bench()
    bench.take(events("due 105", "1", "5", "1", "7", times=[100, 100, 105, 105, 106]))
    assert bench.out() == [b"due 105", b"1", b"5", b"1", b"due at 105", b"7"]
    assert bench.total(b"a") == (0 + 5) * 2 + 7


def test_no_timer_fires_that_is_due_later_than_the_turn_is_timed_at() -> None:
    """Given a timer that is ripe by the clock, in a turn that is timed before it, then it waits for a later turn."""
    bench = Bench(SumActor(Time.WALL))
    bench.take(events("due 105"))
    for now_ms, fired in ((104, []), (105, [b"due at 105"])):
        decided = bench.decider.decide(Work((), (), 200, now_ms), bench.watermark)
        assert [mail.value for mail in decided.turn.mail] == fired


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_decisions_do_not_depend_on_how_the_log_is_cut(size: int) -> None:
    """Given the same log in turns of any size, then the same mail leaves in the same order (C156)."""
    texts = ["due 104", "3", "1", "due 109", "boom", "2", "4", "due 108", "1", "1", "?", "6"]
    whole, cut = Bench(), Bench()
    whole.take(events(*texts))
    records = events(*texts)
    for at in range(0, len(records), size):
        cut.take(records[at : at + size])
    assert cut.out() == whole.out()
    assert cut.total(b"a") == whole.total(b"a")


def test_timer_whose_decision_fails_is_abandoned_and_the_rest_goes_on() -> None:
    """Given a timer that raises, then it ends without effect and the records behind it are decided."""
    bench = Bench()
    bench.take(events("-5", "1", "due 105", "1", "1", times=[100, 100, 100, 100, 200]))
    assert bench.total(b"a") == -4
    assert b"due at 105" not in bench.out()
    assert bench.state.timers.peek() is None


def test_room_bounds_a_turn() -> None:
    """Given an actor with room for two, then a turn takes two records and the next ones the rest."""
    bench = Bench(SumActor(room=2))
    bench.take(events("1", "1", "1", "1", "1"))
    assert [decided.taken for decided in bench.turns] == [2, 2, 1]


def test_many_records_of_which_none_fits_are_not_decided_again_and_again() -> None:
    """Given a stretch of records too large each, then a record costs a few steps, however many wait behind it."""
    steps = 0

    class Counting(SumActor):
        def step(self, turn: Turn, record: Any, read: Read) -> None:
            nonlocal steps
            steps += 1
            super().step(turn, record, read)

    bench = Bench(Counting(), most_bytes=1_000)
    bench.take(events(*["long 5000"] * 200, *["1"] * 200))
    assert len(bench.out("dead")) == 200
    assert (bench.total(b"a"), bench.total(b"b")) == (100, 100)
    assert steps < 8 * 200 + 2 * 200
