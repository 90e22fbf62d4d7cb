"""One partition of users as a worker runs it, on a real state folder; journal, topics, fetch and clock in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from agents.users import Shared, UsersActor
from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Campaign
from app.topics import Topics
from app.turns.deciding import WATERMARK_KEY, Input
from app.turns.opening import OPENED_KEY
from app.turns.partition import Partition
from app.turns.ports import Owner, Phase, Ports
from app.turns.turnstile import Turnstile
from app.turns.watermark import read_source
from tables.store import Folders
from tables.users import AGENDA
from tests.app.turns.broker import MemoryBroker
from tests.app.turns.memory import MemoryRecord, SetClock
from tests.flow.engine import FixedCatalog

TOPICS = Topics("test", "events")
POLL = 500
POLL_BYTES = 1 << 20
LIMIT_S = 900.0


class Desk:
    """A partition at work. What it needs from outside is `broker`, `clock` and the folder `data`."""

    def __init__(
        self,
        data: Path,
        campaigns: Iterable[Campaign],
        rules: AppRules,
        broker: MemoryBroker | None = None,
        clock: SetClock | None = None,
    ) -> None:
        self.broker = broker or MemoryBroker()
        self.clock = clock or SetClock()
        self.data = data
        self.polled = 0
        self.most_queued = self.most_queued_bytes = 0
        self.pauses = self.resumes = 0
        self._out = True
        self._position = 0
        shared = Shared(
            TOPICS,
            FixedCatalog(campaigns, rules),  # type: ignore[arg-type]
            self.clock,
            1,
            lambda _key: 0,
            lambda _user, _partition: None,
            stream_clock=rules.stream_clock,
        )
        folders = Folders(data)
        self.partition = Partition(
            "users",
            0,
            [Input(TOPICS.events, relayed=False), Input(TOPICS.users_mail, relayed=True)],
            lambda partition: UsersActor(partition, shared),
            Ports(self.broker.log, lambda: folders.open("users", 0), self.clock, self, Turnstile()),
            Owner("desk", 0.0, 1e9, 0.01),
        )
        self.task = asyncio.ensure_future(self.partition.run())
        self._fetching = asyncio.ensure_future(self._fetch())

    # --- the fetch -----------------------------------------------------------------------------------------

    def pause(self, topic: str, partition: int) -> None:
        """Out of the fetch."""
        self._out = self._out or topic == TOPICS.events
        self.pauses += topic == TOPICS.events

    def resume(self, topic: str, partition: int) -> None:
        """Back into it."""
        self._out = self._out and topic != TOPICS.events
        self.resumes += topic == TOPICS.events

    def passed(self, topic: str, partition: int, offset: int) -> int:
        """Every offset holds a record."""
        return offset

    async def start_at(self, topic: str, partition: int, offset: int) -> None:
        """Fetch from there on."""
        if topic == TOPICS.events:
            self._position, self._out = offset, False

    async def _fetch(self) -> None:
        while True:
            records = self.broker.topics.get(TOPICS.events, [])
            if not self._out and self._position < len(records):
                poll = _poll(records, self._position)
                self._position += len(poll)
                self.polled += 1
                self.partition.offer(TOPICS.events, poll)
                self.most_queued = max(self.most_queued, self.partition.queued)
                self.most_queued_bytes = max(self.most_queued_bytes, self.partition._queue.bytes)
            await asyncio.sleep(0)

    # --- events in, decisions out --------------------------------------------------------------------------

    def feed(self, messages: Iterable[Mapping[str, Any]], taken_ms: int = 0) -> None:
        """Segment-spec messages as JSON; the key is the user. `taken_ms`: the broker's time of them."""
        for message in messages:
            user = message.get("userId")
            self.put(None if user is None else str(user).encode(), json.dumps(message).encode(), taken_ms)

    def put(self, key: bytes | None, value: bytes | None, taken_ms: int = 0) -> int:
        """One record; its offset."""
        records = self.broker.topics.setdefault(TOPICS.events, [])
        time_ms = taken_ms or self.clock.now_ms()
        records.append(MemoryRecord(TOPICS.events, 0, len(records), time_ms, key, value))
        return len(records) - 1

    async def decided(self) -> None:
        """Until every record is decided, relayed and saved."""
        await self.until(
            lambda: (
                self.partition.phase is Phase.READY
                and self.partition.next_offset(TOPICS.events) == len(self.broker.topics[TOPICS.events])
                and self.partition._relay is not None
                and not self.partition._relay.is_busy
            )
        )

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something; what the partition dies of is raised."""
        async with asyncio.timeout(LIMIT_S):
            while not holds():
                if self.task.done():
                    self.task.result()
                await asyncio.sleep(0)

    async def close(self) -> None:
        """Stop it as a worker does."""
        self._fetching.cancel()
        await self.partition.close()
        await asyncio.wait({self.task})
        await self.partition.release()

    async def kill(self) -> None:
        """End it at once; what it has begun stays undone. The folder is released: it is this process's own."""
        for task in (self._fetching, self.task):
            task.cancel()
        await asyncio.gather(self._fetching, self.task, return_exceptions=True)
        await self.partition.release()

    # --- what came of it -----------------------------------------------------------------------------------

    def sent(self, topic: str) -> list[bytes]:
        """What a receiver of this topic sees: repeats under the same source dropped."""
        seen, found = (-1, -1), []
        for record in self.broker.topics.get(topic, ()):
            source = read_source(record.headers)
            assert source is not None
            if (source.turn, source.place) > seen:
                seen = (source.turn, source.place)
                found.append(record.value or b"")
        return found

    def decisions(self) -> list[dict[str, Any]]:
        """Every decision, in order."""
        return [json.loads(value) for value in self.sent(TOPICS.decisions)]

    def ids(self, *steps: str) -> list[str]:
        """The message ids of these steps, in order."""
        return [each["message_id"] for each in self.decisions() if each["step"] in steps]

    def dead_letters(self) -> list[dict[str, Any]]:
        """Every dead letter."""
        return [json.loads(value) for value in self.sent(TOPICS.dead_letters)]

    def journaled(self) -> dict[bytes, bytes]:
        """The state that the journal holds: the latest value of every key of a table."""
        latest = dict(self.broker.journal)
        return {key: value for key, value in latest.items() if key >= b"\x10" and value is not None}

    def stored(self) -> dict[bytes, bytes]:
        """The state that the folder holds."""
        state = self.partition.state
        assert state is not None
        keys = state.store.scan(b"\x10", b"\xff", 1 << 30)
        return {key: state.store.get(key) or b"" for key in keys}

    def missing_timers(self) -> set[tuple[int, bytes]]:
        """What the journal's agendas wait for and the folder's index does not know."""
        state = self.partition.state
        assert state is not None
        assert AGENDA.dues is not None
        waited = {
            (due_ms, key)
            for key, value in self.journaled().items()
            if key.startswith(AGENDA.prefix)
            for due_ms in AGENDA.dues(AGENDA.decode(value))
        }
        return waited - set(state.timers.waiting())

    def turn_sizes(self) -> list[int]:
        """The bytes of every turn in the journal."""
        journal = self.broker.journal
        begins = [at for at, (key, _) in enumerate(journal) if key in {WATERMARK_KEY, OPENED_KEY}]
        return [_size(journal[at:after]) for at, after in pairwise([*begins, len(journal)])]


def _poll(records: Sequence[MemoryRecord], start: int) -> list[MemoryRecord]:
    """What one fetch brings: so many records, and no more than so many bytes."""
    poll: list[MemoryRecord] = []
    size = 0
    for record in records[start : start + POLL]:
        size += len(record.value or b"")
        if poll and size > POLL_BYTES:
            break
        poll.append(record)
    return poll


def _size(pairs: Sequence[tuple[bytes, bytes | None]]) -> int:
    return sum(len(key) + len(value or b"") for key, value in pairs)
