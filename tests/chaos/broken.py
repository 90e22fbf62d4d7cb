"""Builds of the worker that are broken, or slowed down, on purpose: `python -m tests.chaos.broken NAME[,NAME] worker`.

Each defect is one that the protocol exists to rule out. A check that passes on the matching build checks nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

from app.settings import select_pure_python_faust

select_pure_python_faust()

from aiokafka.protocol.transaction import InitProducerIdRequest  # noqa: E402 - after the choice of Faust's path

from agents import senders, users  # noqa: E402
from app import clock  # noqa: E402
from app.__main__ import run_worker  # noqa: E402
from app.cli.root import main  # noqa: E402
from app.kafka_client.batch import Identity  # noqa: E402
from app.turns import kafka_log, opening, partition  # noqa: E402
from app.turns.deciding import OUTBOX_KEY  # noqa: E402
from app.turns.ports import Fence, Mail  # noqa: E402
from app.turns.watermark import decode_outbox, source_header  # noqa: E402
from tables.ledger import LEDGER  # noqa: E402
from tests.chaos import heedless, standstills  # noqa: E402
from tests.chaos.believing import believe_every_append  # noqa: E402

CRASHED = 137
SKIPPED = 40
SLOW_S = 0.15
SLOW_RECORDS = 60
AHEAD_MS = 600_000


def skip_record() -> None:
    """Every fortieth event of a worker is passed over without a word."""
    decide, numbers = users.UsersActor.step, count(1)

    def step(self: Any, turn: Any, record: Any, read: Any) -> None:
        if next(numbers) % SKIPPED:
            decide(self, turn, record, read)

    users.UsersActor.step = step  # type: ignore[method-assign]


def relay_before_append() -> None:
    """Messages leave before the turn that decided them is in the journal."""
    append = kafka_log.KafkaLog.append

    async def relay_first(self: Any, pairs: Any, time_ms: int) -> int:
        packed = dict(pairs).get(OUTBOX_KEY)
        if packed is not None:
            outbox = decode_outbox(packed)
            *_, actor, number = self._transactional_id.split(".")
            sources = (source_header(f"{actor}/{number}", outbox.turn, index) for index in count())
            await self.relay(zip((Mail(*each) for each in outbox.mail), sources, strict=False), time_ms)
        return await append(self, pairs, time_ms)

    kafka_log.KafkaLog.append = relay_first  # type: ignore[method-assign]


def no_fence() -> None:
    """A new producer id at each opening, no wait for the older one, and nobody looks where an append landed."""

    async def fence(self: Any) -> Fence:
        client = self._lines.channel().client
        answer = await client.send(client.get_random_node(), InitProducerIdRequest(None, 0))
        self._identity, self._sequence = Identity(answer.producer_id, answer.producer_epoch), 0
        return Fence(answer.producer_id, answer.producer_epoch)

    opened: Any = opening.open_partition

    async def at_once(*arguments: Any) -> Any:
        *others, _wait_s, progress = arguments
        return await opened(*others, 0.0, progress)

    kafka_log.KafkaLog.fence = fence  # type: ignore[method-assign]
    believe_every_append()
    setattr(partition, "open_partition", at_once)  # noqa: B010 - mypy knows its signature


def ledger_after_call() -> None:
    """A call is made without a word in the journal before it; the ledger is written with its answer."""
    step, done = senders.SenderActor.step, senders.SenderActor.done
    attempts: dict[bytes, Any] = {}

    def only_call(self: Any, turn: Any, record: Any, read: Any) -> None:
        step(self, turn, record, read)
        for key, _attempt, _order, _target in turn.calls:
            if turn.get(LEDGER, key) is not None:
                attempts[key] = turn.get(LEDGER, key)
                turn.delete(LEDGER, key)

    def write_with_answer(self: Any, turn: Any, result: Any) -> None:
        if turn.get(LEDGER, result.key) is None and result.key in attempts:
            turn.put(LEDGER, result.key, attempts.pop(result.key))
        done(self, turn, result)

    senders.SenderActor.step = only_call  # type: ignore[method-assign]
    senders.SenderActor.done = write_with_answer  # type: ignore[method-assign]


def no_last_words() -> None:
    """Whoever ends waits for no call, and journals no answer."""
    call = senders.SenderActor._call

    async def closing(self: Any) -> None:
        for task in self._calls.values():
            task.cancel()

    async def settle(_self: Any) -> None:
        return

    async def quietly(self: Any, *arguments: Any) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await call(self, *arguments)

    senders.SenderActor.closing = closing  # type: ignore[method-assign]
    senders.SenderActor._call = quietly  # type: ignore[method-assign, assignment]
    partition.Partition.settle = settle  # type: ignore[method-assign, assignment]


def slow() -> None:
    """Users take few records a turn and a moment before each append, so that a fault always finds work under way."""
    append = kafka_log.KafkaLog.append

    async def wait_first(self: Any, pairs: Any, time_ms: int) -> int:
        if ".users." in self._transactional_id:
            await asyncio.sleep(SLOW_S)
        return await append(self, pairs, time_ms)

    def room(_self: Any) -> int:
        return SLOW_RECORDS

    users.UsersActor.room = room  # type: ignore[method-assign, assignment]
    kafka_log.KafkaLog.append = wait_first  # type: ignore[method-assign]


def failing_step() -> None:
    """A bug in the decision itself: an event named `explode` raises."""
    decide = users.UsersActor.step

    def step(self: Any, turn: Any, record: Any, read: Any) -> None:
        decide(self, turn, record, read)
        if getattr(read.message, "name", None) == "explode":
            raise ZeroDivisionError("a bug of this build")

    users.UsersActor.step = step  # type: ignore[method-assign]


def _crash_when(due: Callable[[Any], bool], before: str) -> None:
    """End the process, once, as a power cut would, where a turn with mail stands before this step."""
    act = getattr(kafka_log.KafkaLog, before)

    async def crash(self: Any, what: Any, time_ms: int) -> Any:
        if ".users." in self._transactional_id and due(what):
            sys.stderr.write(f"crash before {before}\n")
            sys.stderr.flush()
            os._exit(CRASHED)
        return await act(self, what, time_ms)

    setattr(kafka_log.KafkaLog, before, crash)


def crash_before_append() -> None:
    """The worker dies with a turn decided that says `sent`, and not appended."""
    _crash_when(lambda pairs: any(b'"step":"sent"' in (value or b"") for _, value in pairs), "append")


def crash_before_relay() -> None:
    """The worker dies with a turn in the journal, and nothing of it relayed."""
    _crash_when(_has_sent, "relay")


def crash_before_store() -> None:
    """The worker dies with a turn relayed, and not in the state folder."""
    relay = kafka_log.KafkaLog.relay

    async def crash(self: Any, mail: Any, time_ms: int) -> None:
        await relay(self, mail, time_ms)
        if ".users." in self._transactional_id and _has_sent(mail):
            sys.stderr.write("crash before store\n")
            sys.stderr.flush()
            os._exit(CRASHED)

    kafka_log.KafkaLog.relay = crash  # type: ignore[method-assign]


def _has_sent(mail: Iterable[tuple[Mail, bytes]]) -> bool:
    return any(b'"step":"sent"' in (message.value or b"") for message, _ in mail)


def ten_minutes_ahead() -> None:
    """No defect of the build but of its machine: the wall clock is ahead. The stopwatch is right."""
    true = clock.SystemClock.now_ms
    clock.SystemClock.now_ms = lambda self: true(self) + AHEAD_MS  # type: ignore[method-assign]


def believe_own_clock() -> None:
    """What brokers say of the time is not listened to."""
    clock.BrokerClock.heard = lambda *_: None  # type: ignore[method-assign]


BUILDS: dict[str, Callable[[], None]] = {
    build.__name__: build
    for build in (
        skip_record,
        relay_before_append,
        no_fence,
        ledger_after_call,
        no_last_words,
        slow,
        standstills.stuck_open,
        standstills.stuck_turn,
        standstills.stuck_loop,
        standstills.stuck_append,
        standstills.lost_fetcher,
        standstills.never_assigned,
        standstills.rejoining,
        standstills.endless_rebalance,
        standstills.hasty,
        standstills.patient,
        heedless.given_up_counts,
        heedless.topics_by_name,
        heedless.goes_on_at_the_begin,
        failing_step,
        ten_minutes_ahead,
        believe_own_clock,
        crash_before_append,
        crash_before_relay,
        crash_before_store,
    )
}


def program(*names: str) -> tuple[str, ...]:
    """The command that starts such a build."""
    assert set(names) <= BUILDS.keys(), names
    return (sys.executable, "-m", "tests.chaos.broken", ",".join(names))


if __name__ == "__main__":
    for name in sys.argv.pop(1).split(","):
        BUILDS[name]()
    main(run_worker)
