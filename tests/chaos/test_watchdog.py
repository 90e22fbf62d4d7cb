"""Workers that stand still, each in a way of its own: not ready, everything they know in the log, exit 70 in seconds.

All builds run at the same time, each in an app of its own, under a watchdog whose limits are seconds. One among them is
sound; it is fed the same, frozen and woken, and goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus

import pytest

from app.clock import SystemClock, monotonic_s
from app.housekeeping.watcher import GAVE_UP
from app.settings import load_settings
from app.setup import setup
from tests.chaos import broken
from tests.chaos.standstills import HASTY_S
from tests.integration.fixtures import Systems, systems_on
from tests.integration.notes import note
from tests.integration.process import Process
from tests.integration.system import System
from tests.integration.waiting import until

LIMIT_S = 240.0
FREEZE_S = 2 * HASTY_S
SOUND = "hasty"
STALLS = {
    "stuck_loop": "the event loop has not turned",
    "stuck_turn": "and no turn is taken",
    "stuck_append": "an append or a relay is not answered",
    "lost_fetcher": "and the fetch brings none",
    "never_assigned": "nothing is assigned, and the group",
    "endless_rebalance": "held back by a rebalance",
}
ANSWERS_NOBODY = "stuck_loop"
NEVER_READY = ("never_assigned", "endless_rebalance")

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(500)]


@dataclass
class Run:
    """One build at work. `codes`: every reason for which it said that it was not ready. `fed_s`: when it got events."""

    build: str
    system: System
    worker: Process
    codes: set[str] = field(default_factory=set)
    fed_s: float | None = None
    seconds: float | None = None

    def look(self) -> None:
        """Ask it whether it is ready; feed it once it is, or is as far as such a build comes.

        Whoever answers nobody any more is not asked: waiting for it, the others' last seconds would go unseen.
        """
        is_asked = self.worker.code is None and (self.fed_s is None or self.build != ANSWERS_NOBODY)
        status, said = self.system.get(0, "/readyz") if is_asked else (0, None)
        self.codes |= {each["code"] for each in (said or {}).get("reasons", ())}
        if self.fed_s is None and (status == HTTPStatus.OK or (self.build in NEVER_READY and self.codes)):
            feed(self.system)
            self.fed_s = monotonic_s()
        if self.seconds is None and self.fed_s is not None and self.worker.code is not None:
            self.seconds = monotonic_s() - self.fed_s


@pytest.fixture(scope="module")
def runs(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Run]]:
    """Every build, started, fed, and watched to its end."""
    with systems_on(broker, tmp_path_factory.mktemp("stalls")) as systems:
        made = {build: start(systems, build) for build in (*STALLS, SOUND)}
        until(lambda: have_ended(made), LIMIT_S, "every stalled worker has ended", 0.1)
        yield made


def have_ended(runs: dict[str, Run]) -> bool:
    """Look at each; has the sound one been fed, and every other one ended?"""
    for run in runs.values():
        run.look()
    return all(runs[build].worker.code is not None for build in STALLS) and runs[SOUND].fed_s is not None


def start(systems: Systems, build: str) -> Run:
    """An app without providers, and one worker of this build."""
    system = systems.make(partitions=2)
    system.settings(providers={})
    asyncio.run(setup(load_settings(system.environment()), SystemClock()))
    names = (SOUND,) if build == SOUND else (SOUND, build)
    return Run(build, system, system.start_worker(0, broken.program(*names)))


def feed(system: System) -> None:
    """Events for many users, so that every partition has some."""
    event = {"type": "track", "event": "look", "timestamp": 1_720_000_000}
    system.feed((f"u-{number}", {**event, "userId": f"u-{number}"}) for number in range(40))


@pytest.mark.parametrize("build", STALLS)
def test_a_worker_that_stands_still_says_so_and_ends(runs: dict[str, Run], build: str) -> None:
    """Given a stall in a worker that is fed, then it is not ready, the log has all, and it ends with 70 in seconds."""
    run, text = runs[build], runs[build].worker.text
    said = [line for line in text.splitlines() if line.startswith("watchdog: ")]
    note(f"watchdog: {build}: exit {run.worker.code} {run.seconds} s after it was fed; {said[:1]}")
    assert run.worker.code == GAVE_UP, text[-3000:]
    assert any(STALLS[build] in line for line in said), said[:3]
    assert "watchdog: task " in text
    assert "most recent call first" in text
    if build != "never_assigned":
        assert '"journal_end":' in text
    if build != ANSWERS_NOBODY:
        assert "watchdog" in run.codes, run.codes


def test_a_sound_worker_is_left_alone_also_when_it_was_frozen(runs: dict[str, Run]) -> None:
    """Given the same events and limits, and a freeze of twice the limit, then it decides all, and stops with 0."""
    run = runs[SOUND]
    run.worker.freeze()
    frozen_s = monotonic_s()
    until(lambda: monotonic_s() - frozen_s > FREEZE_S, LIMIT_S, "the freeze has lasted")
    run.worker.wake()
    feed(run.system)
    until(lambda: run.system.backlog(0) == 0 and run.system.owned(0), LIMIT_S, "all is decided", 0.1)
    woken_s = monotonic_s()
    until(lambda: monotonic_s() - woken_s > 2 * HASTY_S, LIMIT_S, "it would have been found out")
    note(f"watchdog: sound worker frozen for {FREEZE_S:.0f} s, limits of {HASTY_S:.0f} s: went on")
    assert run.worker.code is None, run.worker.last_words()
    assert "watchdog" not in run.worker.text
    assert run.worker.stop() == 0


def test_the_log_of_a_stuck_turn_names_the_place_where_it_waits(runs: dict[str, Run]) -> None:
    """Given a partition that waits in its turn, then the dump says in which call."""
    lines = [
        line
        for line in runs["stuck_turn"].worker.text.splitlines()
        if line.startswith("watchdog: task users/0")
    ]
    assert any("Partition._work" in line and "never" in line for line in lines), lines
