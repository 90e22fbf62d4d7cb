"""C6: the broker is away for longer than a session; workers wait, say why, use nothing meanwhile, and go on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.chaos import brokerless
from tests.chaos.bouncing import own_broker
from tests.chaos.feeding import Feed
from tests.chaos.killing import finish
from tests.chaos.meters import Spent
from tests.chaos.outage import WITHIN_MS, Outage, carts, go_through, reminded, reminder_violations, reminding
from tests.integration.fixtures import systems_on
from tests.integration.judging import Findings, make_work
from tests.integration.notes import note
from tests.integration.waiting import until

AWAY_S = 15.0
GROWN_MB = 64
LOG_BYTES_S = 16 << 10
CPU_SHARE = 0.25

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(240)]


@dataclass
class Run:
    """What became of sound workers, and what was seen of a broken one beside them."""

    seen: Outage
    findings: Findings
    codes: set[int | None]
    reminders: list[str]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """All on one broker, which goes away over work and over a timer."""
    folder = tmp_path_factory.mktemp("outage")
    with own_broker(folder / "kafka") as broker, systems_on(broker.bootstrap, folder) as apps:
        busy, work = apps.make(), make_work(seed=61, rows=5_000)
        waiting, bad = apps.make(partitions=1, clock="wall"), apps.make(partitions=1, clock="wall")
        busy.set_up()
        reminding(waiting)
        reminding(bad, brokerless.program("always_well", "without_a_pause"))
        busy.start_workers(1)
        feed = Feed(broker.bootstrap, busy.topics.events, work.messages, 300)
        arrived_ms = carts(waiting)
        seen = go_through(broker, busy, waiting, feed, AWAY_S, 1, bad)
        findings = finish(busy, work)
        until(lambda: reminded(waiting), WITHIN_MS / 1000 + 30, "the reminder")
        waiting.settle()
        codes = {each.code for each in (*busy.workers.values(), *waiting.workers.values())}
        yield Run(seen, findings, codes, reminder_violations(waiting, arrived_ms))


def costs(spent: Spent) -> list[str]:
    """Of what a worker used more than it may while the broker was away."""
    used = {
        "memory": spent.grown_mb / GROWN_MB,
        "log": spent.log_bytes_s / LOG_BYTES_S,
        "processor": spent.cpu_share / CPU_SHARE,
    }
    return [name for name, share in used.items() if share >= 1]


def test_an_outage_changes_nothing(run: Run) -> None:
    """Given a broker that goes away over work and over a timer, when it is back, then all goes on and is exact."""
    note(f"C6: {run.seen.told()}; {run.findings.told()}")
    assert run.findings.exact, run.findings
    assert run.codes == {None}
    assert run.reminders == []
    assert {name: costs(spent) for name, spent in run.seen.spent.items() if name != "broken"} == {
        "at work": [],
        "waiting": [],
    }


def test_a_build_that_asks_without_a_pause_and_says_nothing_is_found_out(run: Run) -> None:
    """Given such a build beside them, then the same measures see what it costs, and that it stays ready."""
    assert costs(run.seen.spent["broken"]) == ["processor"]
    assert run.seen.unsaid
