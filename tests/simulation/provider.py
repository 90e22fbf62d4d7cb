"""The push service of this world, and the transport to it: it takes its time, refuses, and sometimes says nothing."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from contextvars import Context
from random import Random
from typing import Any, NamedTuple

from app.domain.model.push import Push, Target
from app.domain.model.reason import Reason
from app.domain.model.receipt import Accepted, Receipt, Rejected, Retry, Unknown
from tests.simulation.loop import SimLoop

OWN_LIMIT_S = 30.0


class Manners(NamedTuple):
    """Chances by which the service answers a call otherwise than at once and with yes."""

    answer_s: float = 0.05
    busy: float = 0.0
    silent: float = 0.0
    refuses: bool = False


class SimProvider:
    """Remembers every request. Which messages it refuses for good is in their names."""

    def __init__(self, loop: SimLoop, dice: Random, manners: Manners) -> None:
        self.received: list[dict[str, Any]] = []
        self.calls: dict[tuple[str, str], int] = {}
        self.again: dict[tuple[str, str], int] = {}
        self.manners = manners
        self._loop = loop
        self._dice = dice
        self._outside = Context()

    def refuses(self, message_id: str) -> bool:
        """Is this one of the messages that it will never take?"""
        return self.manners.refuses and zlib.crc32(message_id.encode()) % 4 == 0

    async def send(self, push: Push, target: Target) -> Receipt:
        """One call, from the caller's side."""
        name = (push.message_id, target.device)
        self.calls[name] = self.calls.get(name, 0) + 1
        answer = self._loop.create_future()
        chance, wait_s = self._dice.random(), self._dice.random() * self.manners.answer_s
        receipt: Receipt = Accepted()
        if self.refuses(push.message_id):
            receipt = Rejected(Reason.PROVIDER_REJECTED, "in its name")
        elif chance < self.manners.busy:
            receipt = Retry(Reason.PROVIDER_UNAVAILABLE, self._dice.choice((None, 5, 2000)), "busy")
        if not isinstance(receipt, Accepted):
            self.again[name] = self.again.get(name, 0) + isinstance(receipt, Retry)
        elif chance < self.manners.busy + self.manners.silent:
            self.again[name] = self.again.get(name, 0) + 1
            receipt, wait_s = Unknown("no answer"), OWN_LIMIT_S
        shown = isinstance(receipt, Accepted) or (isinstance(receipt, Unknown) and chance * 1000 % 2 < 1)
        there_s = self._dice.random() * min(wait_s, self.manners.answer_s)
        self._loop.call_later(there_s, self._receive, push, target, shown, context=self._outside)
        self._loop.call_later(wait_s, _settle, answer, receipt, context=self._outside)
        found: Receipt = await answer
        return found

    def _receive(self, push: Push, target: Target, shown: bool) -> None:
        line = {"service": "fcm", "message": push.message_id, "token": target.token}
        self.received.append(line | {"status": 200 if shown else 503})


class SimTransport:
    """The senders' Transport of one process; `calling` hears of every call before it is made."""

    name = "fcm"

    def __init__(self, provider: SimProvider, calling: Callable[[Push, Target], None]) -> None:
        self._provider = provider
        self._calling = calling

    async def open(self) -> None:
        """Nothing to read."""

    async def close(self) -> None:
        """Nothing to give back."""

    async def send(self, push: Push, target: Target, now_ms: int) -> Receipt:
        """Call the service."""
        self._calling(push, target)
        return await self._provider.send(push, target)


def _settle(answer: Any, receipt: Receipt) -> None:
    if not answer.done():
        answer.set_result(receipt)
