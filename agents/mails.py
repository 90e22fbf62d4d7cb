"""mails: tells a campaign's owner of an alert, by one mail.

Until a server has accepted the recipient, a mail may be tried again, by whoever owns the partition then. Before the
content leaves, that is journaled: a mail that may have arrived is never sent again (C030).
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, NamedTuple, assert_never

from app import wire
from app.domain.model.alert import Alert, AlertNote, Posting
from app.domain.model.receipt import Accepted, Gone, Receipt, Rejected, Retry, Unknown
from app.domain.rules.addresses import is_address
from app.domain.rules.backoff import GiveUp, Patience, RetryAt, next_attempt
from app.topics import Topics
from app.turns.actor import Read
from app.turns.mailbox import Mailbox
from app.turns.partition import Partition
from app.turns.turn import Turn
from tables.alert_notes import alert_key
from tables.mails import KEPT_MS, MAILS, TABLES, Posted, Stage, decode_alert
from transports.email.client import EmailTransport

logger = logging.getLogger(__name__)

AT_ONCE = 8
ANSWER_MS = 120_000
PATIENCE = Patience(base_ms=300_000, longest_ms=3_600_000, attempts=24)
LAST_WORDS_S = 8.0
OPEN = frozenset({Stage.CALLING, Stage.HANDED})
LOST = "the worker that sent it was lost in that moment"


class Reached(NamedTuple):
    """The server takes the recipient: the content may leave once that is in the journal."""

    key: bytes
    attempt: int


class Answer(NamedTuple):
    """What became of one call; None: it was called off before the content left."""

    key: bytes
    attempt: int
    receipt: Receipt | None


class MailsActor(Mailbox):
    """One partition of the mails to owners. `transport` None: the setting `providers.email` is missing."""

    tables = TABLES

    def __init__(
        self,
        partition: Partition,
        topics: Topics,
        transport: EmailTransport | None,
        patience: Patience = PATIENCE,
    ) -> None:
        super().__init__(partition, topics)
        self._transport = transport
        self._patience = patience
        self._calls: dict[bytes, asyncio.Task[None]] = {}
        self._waiting: dict[bytes, asyncio.Future[bool]] = {}

    @property
    def in_flight(self) -> int:
        """Calls under way."""
        return len(self._calls)

    def room(self) -> int:
        """As many as may be under way at once."""
        return max(0, AT_ONCE - len(self._calls) - self.partition.results_waiting)

    def read(self, record: Any) -> Read:
        """An alert."""
        return Read(decode_alert(record.value))

    def opened(self, turn: Turn) -> None:
        """What the process before had begun: once more where nothing had left, never again where it may have."""
        for key in dict.fromkeys(full[1:] for _, full in turn.waiting()):
            posted = turn.get(MAILS, key)
            if posted is None or key in self._calls:
                continue
            if posted.stage is Stage.CALLING:
                self._call_again(turn, key, posted)
            elif posted.stage is Stage.HANDED:
                self._end(turn, key, posted, Posting.UNKNOWN, LOST)

    def step(self, turn: Turn, record: Any, read: Read) -> None:
        """An alert: told once, whoever decided it however often."""
        alert: Alert = read.message
        key = alert.id.encode()
        if turn.get(MAILS, key) is not None:
            return
        posted = Posted(Stage.CALLING, 0, turn.now_ms + ANSWER_MS, turn.now_ms, alert)
        if alert.owner is None or not is_address(alert.owner):
            self._end(turn, key, posted, Posting.NO_OWNER, "")
        elif self._transport is None:
            self._end(turn, key, posted, Posting.NO_PROVIDER, "")
        else:
            self._call_again(turn, key, posted)

    def due(self, turn: Turn, key: bytes, due_ms: int) -> None:
        """Time to try again, or to forget what has long ended."""
        posted = turn.get(MAILS, key[1:])
        if posted is None or posted.due_ms > due_ms:
            return
        if posted.stage is Stage.DONE:
            turn.delete(MAILS, key[1:])
        elif key[1:] in self._calls:
            posted.due_ms = turn.now_ms + ANSWER_MS
            turn.put(MAILS, key[1:], posted)
        elif posted.stage is Stage.HANDED:
            self._end(turn, key[1:], posted, Posting.UNKNOWN, LOST)
        else:
            self._call_again(turn, key[1:], posted)

    def abandon(self, turn: Turn, key: bytes, due_ms: int, why: str) -> None:
        """It cannot be decided on: it ends."""
        turn.delete(MAILS, key[1:])

    def _call_again(self, turn: Turn, key: bytes, posted: Posted) -> None:
        if self._transport is None:
            if posted.alert is not None:
                self._end(turn, key, posted, Posting.NO_PROVIDER, "")
            return
        posted.stage = Stage.CALLING
        posted.attempts += 1
        posted.due_ms = turn.now_ms + ANSWER_MS
        turn.put(MAILS, key, posted)
        turn.call((key, posted.attempts, posted.alert))

    def appended(self, turn: Turn) -> None:
        """It is in the journal that a server is called, or that the content may leave: do so."""
        for key, attempt, alert in turn.calls:
            if alert is None:
                self._answer_waiting(key, go=self.partition.is_fresh)
            else:
                self._calls[key] = asyncio.create_task(self._call(key, attempt, alert))

    def _answer_waiting(self, key: bytes, *, go: bool) -> None:
        waiting = self._waiting.pop(key, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(go)

    async def _call(self, key: bytes, attempt: int, alert: Alert) -> None:
        async def hand_over() -> bool:
            self._waiting[key] = asyncio.get_running_loop().create_future()
            self.partition.post(Reached(key, attempt))
            return await self._waiting[key]

        try:
            if self._transport is not None and alert.owner is not None and self.partition.is_fresh:
                receipt = await self._transport.send(alert, alert.owner, hand_over)
                self.partition.post(Answer(key, attempt, receipt))
        finally:
            self._waiting.pop(key, None)
            self._calls.pop(key, None)
            self.partition.nudge()

    def done(self, turn: Turn, result: Reached | Answer) -> None:
        """The server takes the recipient; or it has answered."""
        posted = turn.get(MAILS, result.key)
        is_current = posted is not None and posted.attempts == result.attempt
        match result:
            case Reached(key, _):
                if posted is None or not is_current or posted.stage not in OPEN:
                    self._answer_waiting(key, go=False)
                    return
                posted.stage = Stage.HANDED
                turn.put(MAILS, key, posted)
                turn.call((key, posted.attempts, None))
            case Answer(key, _, receipt):
                if posted is not None and is_current and posted.stage in OPEN:
                    self._settle(turn, key, posted, receipt)

    def _settle(self, turn: Turn, key: bytes, posted: Posted, receipt: Receipt | None) -> None:
        match receipt:
            case Accepted():
                self._end(turn, key, posted, Posting.SENT, "")
            case Unknown(detail):
                self._end(turn, key, posted, Posting.UNKNOWN, detail)
            case Rejected(_, detail) | Gone(detail):
                self._end(turn, key, posted, Posting.FAILED, detail)
            case Retry(_, after_ms, detail):
                self._wait(turn, key, posted, after_ms, detail)
            case None:
                self._wait(turn, key, posted, None, "called off")
            case other:
                assert_never(other)

    def _wait(self, turn: Turn, key: bytes, posted: Posted, after_ms: int | None, detail: str) -> None:
        verdict = next_attempt(
            key=key.decode(),
            attempts_made=posted.attempts,
            now_ms=turn.now_ms,
            after_ms=after_ms,
            patience=self._patience,
        )
        match verdict:
            case RetryAt(due_ms):
                posted.stage, posted.due_ms = Stage.WAITING, due_ms
                turn.put(MAILS, key, posted)
                self._note(turn, posted, Posting.WAITING, detail)
            case GiveUp():
                self._end(turn, key, posted, Posting.FAILED, detail)

    def _end(self, turn: Turn, key: bytes, posted: Posted, posting: Posting, detail: str) -> None:
        self._note(turn, posted, posting, detail)
        posted.stage, posted.alert = Stage.DONE, None
        posted.due_ms = turn.now_ms + KEPT_MS
        turn.put(MAILS, key, posted)

    def _note(self, turn: Turn, posted: Posted, posting: Posting, detail: str) -> None:
        """For whoever looks at the campaign; and in the log, without anybody's address."""
        alert = posted.alert
        if alert is None:
            return
        note = AlertNote(alert, posting, turn.now_ms, posted.attempts, detail)
        turn.send(self.topics.campaigns, alert_key(alert.campaign), wire.encode_pack(note), 0)
        level = logging.INFO if posting is Posting.SENT else logging.WARNING
        logger.log(level, "alert %s of campaign %s: mail %s", alert.id, alert.campaign, posting)

    async def closing(self) -> None:
        """Wait for the answers of the calls under way, within a limit."""
        calls = set(self._calls.values())
        if calls:
            _, late = await asyncio.wait(calls, timeout=LAST_WORDS_S)
            for task in late:
                task.cancel()
