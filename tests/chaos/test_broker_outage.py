"""C6: the broker is away for longer than a session; workers wait, say why, use nothing meanwhile, and go on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.kafka.broker import EmbeddedBroker
from tests.chaos.bouncing import own_broker
from tests.chaos.feeding import Feed
from tests.chaos.killing import finish
from tests.chaos.outage import WITHIN_MS, carts, go_through, reminded, reminder_violations, reminding
from tests.integration.fixtures import Systems, systems_on
from tests.integration.judging import make_work
from tests.integration.notes import note
from tests.integration.waiting import until

AWAY_S = 15.0
GROWN_MB = 64
LOG_BYTES_S = 16 << 10
CPU_SHARE = 0.5

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(240)]


@pytest.fixture
def restless(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    """A broker that nobody else uses."""
    with own_broker(tmp_path / "kafka") as broker:
        yield broker


@pytest.fixture
def apps(restless: EmbeddedBroker, tmp_path: Path) -> Iterator[Systems]:
    """Makes apps on it."""
    with systems_on(restless.bootstrap, tmp_path) as made:
        yield made


def test_an_outage_changes_nothing(restless: EmbeddedBroker, apps: Systems) -> None:
    """Given a broker that goes away over work and over a timer, when it is back, then all goes on and is exact."""
    busy, waiting, work = apps.make(), apps.make(partitions=1, clock="wall"), make_work(seed=61, rows=5_000)
    busy.set_up()
    reminding(waiting)
    busy.start_workers(1)
    feed = Feed(restless.bootstrap, busy.topics.events, work.messages, 300)
    arrived_ms = carts(waiting)
    seen = go_through(restless, busy, waiting, feed, AWAY_S, joins=1)
    findings = finish(busy, work)
    until(lambda: reminded(waiting), WITHIN_MS / 1000 + 30, "the reminder")
    waiting.settle()
    note(f"C6: {seen.told()}; {findings.told()}")
    assert findings.exact, findings
    assert {each.code for each in (*busy.workers.values(), *waiting.workers.values())} == {None}
    assert reminder_violations(waiting, arrived_ms) == []
    for name, spent in seen.spent.items():
        assert spent.grown_mb < GROWN_MB, name
        assert spent.log_bytes_s < LOG_BYTES_S, name
        assert spent.cpu_share < CPU_SHARE, name
