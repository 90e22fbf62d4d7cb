"""C5: the broker is stopped and started again under load; no worker restarts, and nothing is lost or made up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.kafka.broker import EmbeddedBroker
from tests.chaos.bouncing import RESUME_S, own_broker, replay_with_bounces
from tests.chaos.feeding import Feed
from tests.chaos.killing import finish
from tests.integration.fixtures import Systems, systems_on
from tests.integration.judging import make_work
from tests.integration.notes import note

BOUNCES = 3

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def restless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    """A broker that only this module uses."""
    with own_broker(tmp_path_factory.mktemp("restless")) as broker:
        yield broker


@pytest.fixture
def apps(restless: EmbeddedBroker, tmp_path: Path) -> Iterator[Systems]:
    """Makes apps on it."""
    with systems_on(restless.bootstrap, tmp_path) as made:
        yield made


def test_bounces_of_the_broker_change_nothing(restless: EmbeddedBroker, apps: Systems) -> None:
    """Given a worker under load, when the broker is bounced, then the same process goes on and all is exact."""
    system, work = apps.make(), make_work(seed=51, rows=4_000)
    system.set_up()
    system.start_workers(1)
    feed = Feed(restless.bootstrap, system.topics.events, work.messages, 400)
    bounces = replay_with_bounces(restless, [(system, feed)], BOUNCES)
    findings = finish(system, work)
    note(f"C5: {bounces.told()}; {findings.told()}")
    assert bounces.strikes == BOUNCES
    assert system.workers[0].code is None
    assert findings.exact, findings
    assert max(bounces.resumed_s) <= RESUME_S
