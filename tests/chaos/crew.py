"""Workers at a log of any size: poured first, then worked on while a fault strikes, then settled and judged."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from app.clock import monotonic_s, now_ms
from app.topics import ACTORS
from tests.chaos.clicks import clicks
from tests.chaos.folders import wrong_folders
from tests.chaos.scale import Judged, Pouring, judge_all
from tests.chaos.soaking import Given, broker_in, say
from tests.integration.judging import LAST_TICK
from tests.integration.process import PROGRAM
from tests.integration.system import System
from tests.integration.waiting import until
from tests.oracle.outcome import Outcome

CALL_MS = 150
SCRIPT = [
    {"service": "fcm", "token": "tok-*3", "first": 1, "status": 503, "headers": {"Retry-After": "1"}},
    {"service": "fcm", "delay": f"{CALL_MS}ms"},
]
OWNED_S = 30.0
AUDITED_ROWS = 300_000
SETTLE_S = 1_200.0
DISK_BYTES_A_ROW = 1_200
SPARE_BYTES = 2 << 30


@dataclass(frozen=True)
class Plan:
    """How large a run is. `busy_share`: of the rows, by users whom campaigns concern. `poured`: how much of it is there
    when the workers start; the rest comes as the fault strikes."""

    rows: int
    busy_share: float
    workers: int
    partitions: int = 6
    poured: float = 1.0
    program: Sequence[str] = PROGRAM


@dataclass
class Strikes:
    """When a fault struck, and how much was under way: calls at the push service, records before the victim."""

    at_ms: list[int] = field(default_factory=list)
    in_flight: list[int] = field(default_factory=list)
    backlog: list[int] = field(default_factory=list)
    pids: list[int] = field(default_factory=list)

    def note(self, pid: int, in_flight: int, backlog: int, at_ms: int | None = None) -> None:
        """It strikes this process now, or struck it then."""
        self.pids.append(pid)
        self.at_ms.append(now_ms() if at_ms is None else at_ms)
        self.in_flight.append(in_flight)
        self.backlog.append(backlog)

    def figures(self) -> dict[str, Any]:
        """How often it found something under way."""
        return {
            "struck_at_work": sum(backlog > 0 for backlog in self.backlog),
            "struck_over_calls": sum(calls > 0 for calls in self.in_flight),
            "in_flight_at_the_push_service": sum(self.in_flight),
        }


@dataclass
class Crew:
    """An app at work on a log."""

    system: System
    plan: Plan
    pouring: Pouring
    seconds: dict[str, float] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)

    def owned_again(self, since_s: float) -> float:
        """Wait until every partition is owned and open; how long after that moment."""
        self.system.wait_until_ready(10 * OWNED_S)
        return monotonic_s() - since_s

    def wait_for_others(self, frozen: int) -> None:
        """Wait until others own everything and have decided every record; a timer due at this very time may wait."""
        until(lambda: self._others_are_through(frozen), SETTLE_S, "others have decided all", 0.2)

    def _others_are_through(self, frozen: int) -> bool:
        others = [number for number in self.system.workers if number != frozen]
        said = [each for number in others for each in self.system.owned(number) or ()]
        owned = {(each["actor"], each["partition"]) for each in said}
        busy = any(each["lag"] or each["in_flight"] for each in said)
        return len(owned) == len(ACTORS) * self.plan.partitions and not busy

    def in_flight(self) -> int:
        """Calls that the push service has and has not answered."""
        return int(self.system.ask(self.system.sink_url, "/inflight")["in_flight"])

    def ended(self) -> list[str]:
        """The workers that have ended, in words: where nobody was told to."""
        workers = self.system.workers.items()
        return [f"worker {n} has ended with {each.code}" for n, each in workers if each.code is not None]

    def decided(self) -> int:
        """How many decisions there are."""
        return self.system.kafka.end(self.system.topics.decisions)

    def finish(self) -> tuple[Judged, list[Any]]:
        """Let all be decided, tick, settle, judge. Also every request that the push service got."""
        started_s = monotonic_s()
        self.pouring.pour(self.plan.rows - self.pouring.rows)
        self.outcomes = self.pouring.outcomes()
        self.system.tick(LAST_TICK)
        self.system.settle(SETTLE_S)
        self.seconds["settling"] = round(monotonic_s() - started_s, 1)
        received = self.system.received()
        assert not received or received[0]["n"] == 1, "the push service has forgotten its first requests"
        judged = judge_all(self.system, self.outcomes, received)
        if self.plan.rows <= AUDITED_ROWS:
            ends = self.system.stop_workers()
            late = [f"worker {number} ended with {code}" for number, code in ends.items() if code]
            judged = replace(judged, others=[*judged.others, *late, *wrong_folders(self.system)])
        self.seconds["judging"] = round(monotonic_s() - started_s - self.seconds["settling"], 1)
        return judged, received

    def figures(self) -> dict[str, Any]:
        """How large it was, and how long its parts took."""
        ends = [outcome.end for outcome in self.outcomes]
        return {
            "events": self.pouring.rows,
            "records": self.pouring.records,
            "workers": self.plan.workers,
            "qualified": len(ends),
            "sent": ends.count("sent"),
            "parts": self.seconds,
        }


@contextmanager
def crew(given: Given, plan: Plan) -> Iterator[Crew]:
    """Pour a log from the seed, start the workers, end everything."""
    free = shutil.disk_usage(given.folder).free
    need = plan.rows * DISK_BYTES_A_ROW + SPARE_BYTES
    if free < need:
        raise OSError(f"{given.folder} has {free >> 20} MB free; {plan.rows} rows need {need >> 20}")
    with contextlib.ExitStack() as ends:
        bootstrap = ends.enter_context(broker_in(given.folder))
        system = System(bootstrap, given.folder / "app", partitions=plan.partitions)
        ends.callback(system.close)
        system.set_up(script=SCRIPT)
        started_s = monotonic_s()
        first = int(plan.rows * plan.poured)
        say(f"pouring {first:,} of {plan.rows:,} rows")
        rows = clicks(given.seed, plan.rows, plan.busy_share)
        made = Crew(system, plan, Pouring(system.kafka, system.topics.events, rows))
        made.pouring.pour(first)
        made.seconds["pouring"] = round(monotonic_s() - started_s, 1)
        say(f"poured in {made.seconds['pouring']} s; starting {plan.workers} workers")
        system.start_workers(plan.workers, plan.program)
        yield made


def still_in_flight(made: Crew) -> int:
    """The calls at the push service once no more arrive: somebody who makes them stands still."""
    seen: list[int] = []

    def same() -> bool:
        seen.append(made.in_flight())
        return len(seen) > 1 and seen[-1] <= seen[-2]

    until(same, OWNED_S, "no call is on its way", 0.02)
    return max(seen)
