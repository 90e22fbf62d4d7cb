"""C5: the broker is stopped and started again under load; no worker restarts, and nothing is lost or made up.

Beside the sound worker two others go through the same bounces: one that loses mail, which the oracle must notice, and
one that hears nothing any more afterwards, which its watchdog must end. Ten and a hundred bounces: `make chaos`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.chaos import brokerless
from tests.chaos.bouncing import RESUME_S, Bounces, own_broker, replay_with_bounces
from tests.chaos.feeding import Feed
from tests.chaos.killing import finish
from tests.chaos.stalls import ENDED_S, GAVE_UP, STALL_LOAD, is_ready, start_stalled
from tests.integration.fixtures import systems_on
from tests.integration.judging import Findings, make_work
from tests.integration.notes import note
from tests.integration.system import READY_S, System
from tests.integration.waiting import until

BOUNCES = 2

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]


@dataclass
class Run:
    """What became of the three."""

    bounces: Bounces
    sound: System
    findings: Findings
    lossy: Findings
    stalled: System


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Three workers under load, each of its own app, and a broker that is bounced."""
    folder = tmp_path_factory.mktemp("bounces")
    with own_broker(folder / "kafka") as broker, systems_on(broker.bootstrap, folder) as apps:
        sound, lossy, stalled = apps.make(), apps.make(partitions=2), apps.make(partitions=1)
        work, little = make_work(seed=51, rows=2_400), make_work(seed=52, rows=1_200)
        for system in (sound, lossy):
            system.set_up()
        sound.start_worker(0)
        lossy.start_worker(0, brokerless.program("relay_given_up"))
        start_stalled(stalled, "deaf_after_silence")
        for system in (sound, lossy):
            system.wait_until_ready()
        until(lambda: is_ready(stalled), READY_S, "the one that will be deaf is ready")
        feeds = [
            Feed(broker.bootstrap, system.topics.events, messages, per_second)
            for system, messages, per_second in (
                (sound, work.messages, 300),
                (lossy, little.messages, 150),
                (stalled, STALL_LOAD, 40),
            )
        ]
        bounces = replay_with_bounces(broker, sound, feeds, BOUNCES, Bounces())
        yield Run(bounces, sound, finish(sound, work), finish(lossy, little), stalled)


def test_bounces_of_the_broker_change_nothing(run: Run) -> None:
    """Given a worker under load, when the broker is bounced, then the same process goes on and all is exact."""
    note(f"C5: {run.bounces.told()}; {run.findings.told()}")
    assert run.bounces.strikes == BOUNCES
    assert run.sound.workers[0].code is None
    assert run.findings.exact, run.findings
    assert max(run.bounces.resumed_s) <= RESUME_S


def test_a_build_that_loses_its_mail_is_found_out(run: Run) -> None:
    """Given a build that gives mail up while the broker is away, the same check says what is missing."""
    note(f"C5: broken build relay_given_up: {run.lossy.told()}")
    assert run.lossy.unfinished or run.lossy.decided.missing or run.lossy.shown.missing
    assert not run.lossy.exact


def test_a_worker_that_is_deaf_after_a_bounce_ends_itself(run: Run) -> None:
    """Given a build that hears nothing after a bounce, then its watchdog ends it."""
    worker = run.stalled.workers[0]
    assert worker.ended(ENDED_S) == GAVE_UP
    note("C5: stalled build deaf_after_silence: the watchdog ended it with 70")
