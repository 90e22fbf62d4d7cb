"""Calls made again, by the senders' own journals: which were in doubt because their maker was killed, and which not."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from app.turns.opening import OPENED_KEY
from app.turns.watermark import decode_opened
from tables.ledger import LEDGER, Delivery, Stage
from tests.chaos.scale import repeats_of
from tests.integration.system import System

OK = 200
NEVER_MS = 1 << 62


class Struck(NamedTuple):
    """A call in doubt: its message, the process id of its maker, and when it was journaled as begun."""

    message: str
    pid: int
    begun_ms: int


class _Call(NamedTuple):
    """A call that is journaled without an answer: which attempt it is, who makes it, since when."""

    attempt: int
    maker: str
    begun_ms: int


@dataclass
class Doubts:
    """Calls that were journaled twice in a row, without an answer between. `excused`: their maker was struck.

    `struck`: each excused one. `retried`: how often each message was
    called again after an answer, or after none in time.
    `unexcused`: it was not, so that it should have journaled the answer before it let go.
    """

    excused: int = 0
    struck: list[Struck] = field(default_factory=list)
    unexcused: list[str] = field(default_factory=list)
    retried: Counter[str] = field(default_factory=Counter)

    def unanswered(self, received: Iterable[Any]) -> int:
        """Calls made again though the push service had refused none: their answers never came."""
        refused = Counter(
            line["message"] for line in received if line["service"] == "fcm" and line["status"] != OK
        )
        return sum((self.retried - refused).values())


class _Reader:
    """Reads one partition's journal of a sender, in order."""

    def __init__(self, struck: Collection[str], found: Doubts) -> None:
        self._struck = struck
        self._found = found
        self._owner = ""
        self._calling: dict[bytes, _Call] = {}
        self._waiting: dict[bytes, bool] = {}

    def take(self, key: bytes, value: bytes | None, at_ms: int) -> None:
        """One record."""
        if key == OPENED_KEY and value is not None:
            self._owner = decode_opened(value).worker
        elif key.startswith(LEDGER.prefix):
            self._ledger(key, None if value is None else LEDGER.decode(value), at_ms)

    def _ledger(self, key: bytes, delivery: Delivery | None, at_ms: int) -> None:
        before = self._calling.pop(key, None)
        waited = self._waiting.pop(key, None)
        if delivery is not None and delivery.stage is Stage.WAITING:
            self._waiting[key] = True
        if delivery is None or delivery.stage is not Stage.CALLING:
            return
        if before is not None and delivery.attempts > before.attempt:
            if (pid := before.maker.rpartition("/")[2]) in self._struck:
                self._found.excused += 1
                message = key[1:].partition(b"\x00")[0].decode()
                self._found.struck.append(Struck(message, int(pid), before.begun_ms))
            else:
                self._found.unexcused.append(f"{key!r}, first by {before.maker}, then by {self._owner}")
        if waited:
            self._found.retried[key[1:].partition(b"\x00")[0].decode()] += 1
        self._calling[key] = _Call(delivery.attempts, self._owner, at_ms)


def calls_in_doubt(system: System, struck: Collection[int]) -> Doubts:
    """Read the journals of the sender. `struck`: the process ids of the workers that were killed, or frozen."""
    found = Doubts()
    readers: dict[int, Any] = {}
    for record in system.kafka.each(system.topics.journal("fcm")):
        reader = readers.setdefault(record.partition(), _Reader([str(each) for each in struck], found))
        reader.take(record.key(), record.value(), record.timestamp()[1])
    return found


def fates(doubts: Doubts, received: Iterable[Any], struck_ms: Mapping[int, int]) -> dict[str, Any]:
    """Where each call in doubt was when its maker was struck, by the push service's own times.

    A call that came before its message was journaled as begun was made by an earlier maker, who was struck before.
    `struck_ms`: when, by process id. `answer_ages_ms`: how long the answers had been out that were in no journal yet.
    """
    arrived: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for line in received:
        if line["service"] == "fcm" and line["status"] == OK:
            arrived[line["message"]].append((line["at"], line["answered"] or NEVER_MS))
    ages = []
    for message, pid, begun_ms in doubts.struck:
        calls = [call for call in arrived[message] if begun_ms <= call[0] <= struck_ms[pid]]
        ages += [struck_ms[pid] - max(calls)[1]] if calls else []
    answered = sorted(age for age in ages if age >= 0)
    return {
        "not_at_the_service": len(doubts.struck) - len(ages),
        "unanswered_by_the_service": len(ages) - len(answered),
        "answered_and_not_journaled": len(answered),
        "answer_ages_ms": [answered[len(answered) * part // 100] for part in (50, 90, 99)] + answered[-1:]
        if answered
        else [],
    }


def judge_repeats(
    system: System, struck: Collection[int], received: Sequence[Any]
) -> tuple[list[str], dict[str, int]]:
    """A push may be shown again only if its call was journaled, unanswered, when its maker was struck, or cut off.

    `struck`: the process ids of those makers. What is wrong, in words, and how many repeats there may be.
    """
    doubts = calls_in_doubt(system, struck)
    repeats = sum(len(at) - 1 for at in repeats_of(received).values())
    unanswered = doubts.unanswered(received)
    wrong = []
    if repeats > doubts.excused + unanswered:
        wrong.append(
            f"{repeats} pushes shown again, where {doubts.excused} calls were in flight, {unanswered} had no answer"
        )
    if doubts.unexcused:
        wrong.append(f"{len(doubts.unexcused)} calls made again without a cause, {doubts.unexcused[:3]}")
    return wrong, {"in_flight_budget": doubts.excused, "unanswered": unanswered}
