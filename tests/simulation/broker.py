"""The simulated broker: partitions of records, atomic batches, producer epochs and sequences as Kafka keeps them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tests.app.turns.memory import MemoryRecord

Place = tuple[str, int]
Line = tuple[bytes | None, bytes | None, tuple[tuple[str, bytes], ...]]
REMEMBERED_BATCHES = 5


class OldEpoch(Exception):
    """A newer epoch of this producer has appended to this partition."""


class OutOfOrder(Exception):
    """This sequence number does not follow the last one, and no batch that is remembered has it."""


class Written(NamedTuple):
    """One batch that a producer has appended: its first sequence, how many records, and where."""

    sequence: int
    length: int
    offset: int


class Producing:
    """What a partition knows of one producer id."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.batches: list[Written] = []


class Part:
    """One partition: what can still be read of it, and where it ends."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.records: list[MemoryRecord] = []
        self.offsets: list[int] = []
        self.begin = self.end = 0
        self.producers: dict[int, Producing] = {}

    def write(self, lines: Sequence[Line], time_ms: int) -> int:
        """Append records, all of them at once; the offset of the first."""
        first = self.end
        for key, value, headers in lines:
            self.offsets.append(self.end)
            self.records.append(MemoryRecord(*self.place, self.end, time_ms, key, value, headers))
            self.end += 1
        return first

    def produce(
        self, pid: int, epoch: int, sequence: int, lines: Sequence[Line], time_ms: int
    ) -> tuple[int, bool]:
        """An idempotent batch: where it stands, and whether it was new. Raises OldEpoch, OutOfOrder."""
        known = self.producers.setdefault(pid, Producing(epoch))
        if epoch < known.epoch:
            raise OldEpoch(f"{self.place}: epoch {epoch}, and {known.epoch} has appended")
        if epoch > known.epoch:
            if sequence:
                raise OutOfOrder(f"{self.place}: a new epoch begins with sequence {sequence}")
            known.epoch, known.batches = epoch, []
        for batch in known.batches:
            if (batch.sequence, batch.length) == (sequence, len(lines)):
                return batch.offset, False
        if known.batches and sequence != known.batches[-1].sequence + known.batches[-1].length:
            raise OutOfOrder(f"{self.place}: sequence {sequence} after {known.batches[-1]}")
        offset = self.write(lines, time_ms)
        known.batches = [
            *known.batches[1 - REMEMBERED_BATCHES :],
            Written(sequence, len(lines), offset),
        ]
        return offset, True

    def skip(self, count: int) -> None:
        """Offsets without a record, as control records leave them."""
        self.end += count

    def fetch(self, start: int, count: int) -> list[MemoryRecord]:
        """Up to `count` records from this offset on."""
        first = bisect_left(self.offsets, start)
        return self.records[first : first + count]

    def trim(self, before: int) -> None:
        """Delete every record below this offset."""
        self.begin = max(self.begin, min(before, self.end))
        kept = bisect_left(self.offsets, self.begin)
        del self.records[:kept], self.offsets[:kept]

    def compact(self, head: int) -> int:
        """Below `head` keep the last record of each key only; how many went."""
        latest = {record.key: record.offset for record in self.records}
        before = len(self.records)
        self.records = [r for r in self.records if r.offset >= head or latest[r.key] == r.offset]
        self.offsets = [record.offset for record in self.records]
        return before - len(self.records)


class SimBroker:
    """All partitions, and the epochs that transactional ids have handed out."""

    def __init__(self, now_ms: Callable[[], int], last_epoch: int = 32_766) -> None:
        self.parts: dict[Place, Part] = {}
        self.wrote: Callable[[Part, int, Sequence[Line]], None] = lambda _part, _offset, _lines: None
        self._now_ms = now_ms
        self._last_epoch = last_epoch
        self._ids: dict[str, tuple[int, int]] = {}
        self._pids = 1000

    def part(self, topic: str, partition: int) -> Part:
        """One partition, made when it is first asked for."""
        place = (topic, partition)
        part = self.parts.get(place)
        if part is None:
            part = self.parts[place] = Part(place)
        return part

    def new_pid(self) -> int:
        """A producer id that nobody has."""
        self._pids += 1
        return self._pids

    def init_producer(self, transactional_id: str) -> tuple[int, int]:
        """InitProducerId: the same producer id and the next epoch; a new id once the epochs are used up."""
        pid, epoch = self._ids.get(transactional_id, (0, self._last_epoch))
        fresh = (self.new_pid(), 0) if epoch >= self._last_epoch else (pid, epoch + 1)
        self._ids[transactional_id] = fresh
        return fresh

    def produce(
        self, place: Place, pid: int, epoch: int, sequence: int, lines: Sequence[Line]
    ) -> tuple[int, bool]:
        """An idempotent batch; see `Part.produce`."""
        part = self.part(*place)
        offset, is_new = part.produce(pid, epoch, sequence, lines, self._now_ms())
        if is_new:
            self.wrote(part, offset, lines)
        return offset, is_new

    def publish(self, place: Place, lines: Sequence[Line]) -> int:
        """A batch of somebody whom nobody fences."""
        part = self.part(*place)
        offset = part.write(lines, self._now_ms())
        self.wrote(part, offset, lines)
        return offset
