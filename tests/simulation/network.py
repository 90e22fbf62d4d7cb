"""What lies between a process and the broker: requests and answers that take their time, get lost, or come late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context
from random import Random
from typing import Any, NamedTuple

from app.turns.ports import Unanswered
from tests.simulation.loop import PROCESS, Process, SimLoop

RETRY_S = 0.3
ANSWER_S = 30.0
LATE_S = 35.0


class Habits(NamedTuple):
    """How a network behaves. `delay_s`: the longest usual delay; the others are chances."""

    delay_s: float = 0.001
    lost: float = 0.0
    late: float = 0.0
    given_up: float = 0.0


class Network:
    """Carries calls. A call without an answer is sent again, and given up after 30 s; late copies still arrive."""

    def __init__(self, loop: SimLoop, dice: Random, habits: Habits) -> None:
        self.away_until_s = 0.0
        self.lost = 0
        self.given_up = 0
        self.late = 0
        self._loop = loop
        self._random = dice.random
        self._habits = habits
        self._has_trouble = any(habits[1:])
        self._outside = Context()
        self._deaf: set[Process] = set()

    def calm(self) -> None:
        """From now on nothing is lost or late."""
        self._habits = Habits(self._habits.delay_s)
        self._has_trouble = False

    def deafen(self, process: Process) -> None:
        """The next call of this process is never answered."""
        self._deaf.add(process)

    def start(self, effect: Callable[[], Any]) -> asyncio.Future[Any]:
        """Begin a call; the future has what `effect` returned or raised, where and when an answer comes."""
        answer = self._loop.create_future()
        process = PROCESS.get()
        if process in self._deaf:
            self._deaf.discard(process)
            self._give_up(answer, effect)
        elif self._habits.given_up and self._random() < self._habits.given_up:
            self._give_up(answer, effect)
        else:
            self._send(answer, effect, self._loop.now_s + ANSWER_S)
        return answer

    def _give_up(self, answer: asyncio.Future[Any], effect: Callable[[], Any]) -> None:
        """No answer ever; the request arrives, perhaps, and perhaps after its sender gave up."""
        self.given_up += 1
        if self._random() < 0.7:
            reach_s = self._habits.delay_s if self._random() < 0.5 else LATE_S
            self._loop.call_later(self._random() * reach_s, self._arrive, None, effect, context=self._outside)
        self._loop.call_later(ANSWER_S, _fail, answer)

    def _send(self, answer: asyncio.Future[Any], effect: Callable[[], Any], until_s: float) -> None:
        if answer.done():
            return
        loop, habits, random = self._loop, self._habits, self._random
        if loop.now_s >= until_s:
            _fail(answer)
            return
        if loop.now_s < self.away_until_s:
            self.lost += 1
            loop.call_later(RETRY_S * (0.5 + random()), self._send, answer, effect, until_s)
            return
        delay_s, chance = random() * habits.delay_s, random() if self._has_trouble else 1.0
        if chance < habits.lost + habits.late:
            loop.call_later(RETRY_S * (0.5 + random()), self._send, answer, effect, until_s)
            self._trouble(answer, effect, delay_s, is_lost=chance < habits.lost)
            return
        loop.call_later(delay_s, self._arrive, answer, effect, context=self._outside)

    def _trouble(
        self, answer: asyncio.Future[Any], effect: Callable[[], Any], delay_s: float, *, is_lost: bool
    ) -> None:
        """The request comes late, or never, or only its answer is lost."""
        if not is_lost:
            self.late += 1
            late_s = delay_s + self._random() * LATE_S
            self._loop.call_later(late_s, self._arrive, answer, effect, context=self._outside)
            return
        self.lost += 1
        if self._random() < 0.5:
            self._loop.call_later(delay_s, self._arrive, None, effect, context=self._outside)

    def _arrive(self, answer: asyncio.Future[Any] | None, effect: Callable[[], Any]) -> None:
        try:
            result, error = effect(), None
        except Exception as raised:  # noqa: BLE001 - handed to whoever asked
            result, error = None, raised
        if answer is not None:
            delay_s = self._random() * self._habits.delay_s
            self._loop.call_later(delay_s, _settle, answer, result, error, context=self._outside)


def _settle(answer: asyncio.Future[Any], result: Any, error: Exception | None) -> None:
    if answer.done():
        return
    if error is None:
        answer.set_result(result)
    else:
        answer.set_exception(error)


def _fail(answer: asyncio.Future[Any]) -> None:
    if not answer.done():
        answer.set_exception(Unanswered("no answer"))
