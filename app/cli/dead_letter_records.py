"""Dead letters as commands use them: read whole, found by place, and sent back to where they came from (C160)."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from app.cli.broker import partition_count, producer, read_whole
from app.cli.errors import CommandError
from app.cli.output import tell
from app.settings import Settings
from app.topics import Topics
from app.turns.watermark import SOURCE
from app.wire import DeadLetter, decode_dead_letter

REPLAY_OF = "x-replay-of"
LEFT_OUT = frozenset({REPLAY_OF, SOURCE})
"""A record that an actor relayed has a source number; with it the replay would pass for a repeat, and be skipped."""


class Entry(NamedTuple):
    """A dead letter, and its own place: topic/partition/offset."""

    place: str
    letter: DeadLetter

    @property
    def origin(self) -> str:
        """The place of the record that it holds."""
        return f"{self.letter.topic}/{self.letter.partition}/{self.letter.offset}"


class Outcome(NamedTuple):
    """What became of one replay; `refused` says why it could not be."""

    place: str
    origin: str
    refused: str | None = None


async def read_entries(settings: Settings, reason: str | None = None) -> list[Entry]:
    """Every dead letter that is kept, or every one with this reason; oldest first.

    A record of another program is told of, and left out.
    """
    entries = []
    async for record in read_whole(settings.kafka, Topics(settings.app, settings.events).dead_letters):
        place = f"{record.topic}/{record.partition}/{record.offset}"
        try:
            letter = decode_dead_letter(record.value or b"")
        except msgspec.MsgspecError as error:
            tell(f"note: {place} is no dead letter of ours: {error}")
            continue
        if reason in {None, letter.reason}:
            entries.append(((record.timestamp, record.partition, record.offset), Entry(place, letter)))
    return [entry for _, entry in sorted(entries, key=lambda each: each[0])]


def find(entries: Sequence[Entry], place: str) -> list[Entry]:
    """Those of this place: their own, or that of the record they hold."""
    return [entry for entry in entries if place in {entry.place, entry.origin}]


async def replay(settings: Settings, entries: Sequence[Entry], *, dry_run: bool) -> list[Outcome]:
    """Send each record again, as it was, to its topic and partition; those that cannot be are refused, one by one."""
    topics = {entry.letter.topic for entry in entries}
    counts = {topic: await _partitions(settings, topic) for topic in topics}
    outcomes = []
    async with producer(settings.kafka) as client:
        for entry in entries:
            refused = _refusal(entry.letter, counts[entry.letter.topic])
            if refused is None and not dry_run:
                await _send(client, entry)
            outcomes.append(Outcome(entry.place, entry.origin, refused))
    return outcomes


async def _partitions(settings: Settings, topic: str) -> int:
    try:
        return await partition_count(settings.kafka, topic)
    except CommandError:
        return 0


def _refusal(letter: DeadLetter, partitions: int) -> str | None:
    """Why this record cannot be sent again; None where it can."""
    if letter.size is not None:
        return f"its value of {letter.size} bytes is not kept; the record itself may still be at its place"
    if letter.partition >= partitions:
        return f"{letter.topic} has no partition {letter.partition} any more"
    return None


async def _send(client: Any, entry: Entry) -> None:
    letter = entry.letter
    kept = [(name, text.encode()) for name, text in letter.headers.items() if name not in LEFT_OUT]
    await client.send_and_wait(
        letter.topic,
        original(letter.value, letter.value_base64),
        key=original(letter.key, letter.key_base64),
        partition=letter.partition,
        headers=[*kept, (REPLAY_OF, entry.origin.encode())],
    )


def original(text: str | None, packed: str | None) -> bytes | None:
    """The bytes that a dead letter keeps as text, or as base64 where they are none."""
    if text is not None:
        return text.encode()
    return None if packed is None else base64.b64decode(packed)
