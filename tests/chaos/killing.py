"""A replay during which workers are killed at work, and what came of it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from agents.senders import AT_ONCE
from app.clock import monotonic_s, now_ms
from tests.integration.judging import LAST_TICK, Findings, Work, judge_run
from tests.integration.process import PROGRAM
from tests.integration.system import System
from tests.integration.waiting import until

SCRIPT = [
    {"service": "fcm", "token": "tok-*3", "first": 1, "status": 503, "headers": {"Retry-After": "1"}},
    {"service": "fcm", "delay": "150ms"},
]
OWNED_S = 60.0
BEFORE_MS = 5_000


@dataclass
class Kills:
    """When workers were killed, and how many calls the push service had from them at that moment."""

    at_ms: list[int] = field(default_factory=list)
    in_flight: list[int] = field(default_factory=list)
    backlog: list[int] = field(default_factory=list)

    def budget(self, partitions: int) -> int:
        """How many calls may at most have been under way when a worker died."""
        return len(self.at_ms) * partitions * AT_ONCE

    def told(self) -> str:
        """For the summary."""
        return f"{len(self.at_ms)} kills, backlog {self.backlog}, calls in flight {self.in_flight}"


def chunks(work: Work, count: int) -> Iterator[Sequence[Any]]:
    """The messages in that many parts."""
    size = -(-len(work.messages) // count)
    for start in range(0, len(work.messages), size):
        yield work.messages[start : start + size]


def replay_with_kills(
    system: System, work: Work, kills: int, seed: int, program: Sequence[str] = PROGRAM
) -> Kills:
    """Feed the work in parts; after each, kill a worker that is at it, and start it again on its folder."""
    dice, done = random.Random(seed), Kills()
    for part in chunks(work, kills):
        before = system.kafka.end(system.topics.decisions)
        system.feed(part)
        until(partial(_goes_on, system, before), OWNED_S, "decisions go on", 0.01)
        victim = dice.choice([each for each in system.workers if system.backlog(each)] or [*system.workers])
        backlog, end_s = system.backlog(victim), monotonic_s() + dice.uniform(0.0, 0.03)
        while monotonic_s() < end_s and backlog:
            backlog = system.backlog(victim)
        done.backlog.append(backlog)
        done.in_flight.append(system.ask(system.sink_url, "/inflight")["in_flight"])
        done.at_ms.append(now_ms())
        system.workers[victim].kill()
        system.start_worker(victim, program)
    system.wait_until_ready(OWNED_S)
    return done


def _goes_on(system: System, before: int) -> bool:
    return system.kafka.end(system.topics.decisions) > before


def finish(system: System, work: Work) -> Findings:
    """Tick, settle, judge."""
    system.tick(LAST_TICK)
    system.settle()
    return judge_run(system, work.outcomes)


def repeats(system: System) -> dict[str, list[int]]:
    """The messages that the push service took more than once, with the times at which it got them."""
    lines = [line for line in system.received() if line["service"] == "fcm" and line["status"] == 200]
    often = Counter(line["message"] for line in lines)
    return {
        message: [line["at"] for line in lines if line["message"] == message]
        for message, times in often.items()
        if times > 1
    }


def without_cause(
    repeated: dict[str, list[int]], struck_ms: Sequence[int], before_ms: int = BEFORE_MS
) -> list[str]:
    """The repeats that no fault explains: none struck between the calls, and shortly after the first of them."""
    return [
        message
        for message, (*_, earlier, later) in repeated.items()
        if not any(earlier - 50 <= at <= min(later, earlier + before_ms) for at in struck_ms)
    ]
