"""What waits before a partition is bounded, by number and by bytes, and only a full topic is paused for it."""

from __future__ import annotations

import pytest

from app.turns import queue
from app.turns.queue import QUEUED, QUEUED_BYTES, REACH_BYTES, WITHIN_REACH, Queue
from tests.app.turns.memory import MemoryRecord

LARGE = 32 << 10
POLL_BYTES = 1 << 20


class Fetch:
    """Brings polls of a topic for as long as it is in the fetch, and says how much was there at most."""

    def __init__(self, record_bytes: int) -> None:
        self.queue = Queue(0, self)
        self.out: set[str] = set()
        self.record_bytes = record_bytes
        self.offsets = {"in": 0, "mail": 0}
        self.most = self.most_bytes = self.pauses = self.resumes = 0

    def pause(self, topic: str, partition: int) -> None:
        self.out.add(topic)
        self.pauses += 1

    def resume(self, topic: str, partition: int) -> None:
        self.out.discard(topic)
        self.resumes += 1

    def passed(self, topic: str, partition: int, offset: int) -> int:
        return offset

    async def start_at(self, topic: str, partition: int, offset: int) -> None:
        """Not asked for here."""

    def poll(self, topic: str) -> None:
        """A poll, as large as one fetch."""
        if topic in self.out:
            return
        first, count = self.offsets[topic], max(1, POLL_BYTES // self.record_bytes)
        value = bytes(self.record_bytes)
        records = [MemoryRecord(topic, 0, first + n, 1, b"k", value) for n in range(count)]
        self.offsets[topic] += count
        self.queue.put(topic, records)
        self.most = max(self.most, len(self.queue))
        self.most_bytes = max(self.most_bytes, self.queue.bytes)


def overwhelm(record_bytes: int) -> Fetch:
    """Ten times as much as fits, taken by turns of a few records."""
    fetch = Fetch(record_bytes)
    for _ in range(200):
        for topic in ("in", "mail"):
            fetch.poll(topic)
        reach = fetch.queue.fill()
        fetch.queue.taken(min(len(reach), 50))
    return fetch


@pytest.mark.parametrize("record_bytes", [10, 500, LARGE])
def test_number_and_bytes_stay_bounded_whatever_the_size_of_a_record(record_bytes: int) -> None:
    """Given a fetch that is always ahead, then no more is held than the bounds and one poll say, and it goes on."""
    fetch = overwhelm(record_bytes)
    poll = max(1, POLL_BYTES // record_bytes)
    one_poll_bytes = poll * (record_bytes + queue.RECORD_BYTES)
    assert fetch.most <= 2 * (QUEUED + poll) + WITHIN_REACH + poll
    assert fetch.most_bytes <= 2 * (QUEUED_BYTES + one_poll_bytes) + REACH_BYTES + one_poll_bytes
    assert fetch.pauses >= fetch.resumes > 0


def test_a_bound_by_number_alone_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a build that counts records only, then large ones take many times what they may."""
    monkeypatch.setattr(queue, "_bytes_of", lambda _records: 0)
    fetch = overwhelm(LARGE)
    assert fetch.most * LARGE > 4 * (QUEUED_BYTES + REACH_BYTES)


def test_what_is_taken_or_forgotten_is_no_longer_counted() -> None:
    """Given records that are decided, or cleared, then nothing of them is left in the sums."""
    fetch = Fetch(500)
    fetch.poll("in")
    fetch.queue.taken(len(fetch.queue.fill()))
    assert (len(fetch.queue), fetch.queue.bytes) == (0, 0)
    fetch.poll("mail")
    fetch.queue.fill()
    fetch.queue.clear()
    assert (len(fetch.queue), fetch.queue.bytes) == (0, 0)
