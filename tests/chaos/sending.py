"""A sender's partition whose provider is a file: each call is a line, written before anything else can happen."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from agents.senders import SenderActor
from app import wire
from app.domain.model.push import Order, Push, Target
from app.domain.model.receipt import Accepted, Receipt
from app.topics import Topics
from app.turns.partition import Partition
from tests.app.turns.memory import MemoryRecord
from tests.integration.tiny import START_MS

CALLS = "calls"
CALL_S = 0.005
AT_ONCE = 4


def order_record(topic: str, number: int) -> MemoryRecord:
    """Order number n: one message for one device."""
    push = Push(message_id(number), f"u{number}", "c", 1, "Title", "Body")
    order = Order(push, (Target("d", f"t{number}", "android"),), START_MS)
    return MemoryRecord(topic, 0, number, START_MS, push.user.encode(), wire.encode_pack(order))


def message_id(number: int) -> str:
    """The id of message number n."""
    return f"m{number:05d}"


def calls_in(folder: Path, owner: str = "") -> Counter[str]:
    """How often the provider was called for each message, by this owner or by whoever."""
    path = folder / CALLS
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    calls = [line.partition(" ") for line in lines]
    return Counter(message for message, _, by in calls if owner in {"", by})


class FileProvider:
    """`Transport` to a file that all owners share. `called` comes right after the line is written."""

    name = "file"

    def __init__(self, owner: str, folder: Path, called: Callable[[], None]) -> None:
        self._owner = owner
        self._file = os.open(folder / CALLS, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._called = called

    async def open(self) -> None:
        """Nothing to read."""

    async def close(self) -> None:
        """Give the file back."""
        os.close(self._file)

    async def send(self, push: Push, target: Target, now_ms: int) -> Receipt:
        """One line, and a moment until the answer."""
        os.write(self._file, f"{push.message_id} {self._owner}\n".encode())
        self._called()
        await asyncio.sleep(CALL_S)
        return Accepted()


class Sending(SenderActor):
    """The sender as it is, a few calls at once."""

    def __init__(
        self, partition: Partition, topics: Topics, owner: str, folder: Path, called: Callable[[], None]
    ) -> None:
        super().__init__(partition, topics, FileProvider(owner, folder, called))

    def room(self) -> int:
        """A few."""
        return min(AT_ONCE, max(0, super().room()))
