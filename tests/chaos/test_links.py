"""C8: links to broker and push service that are late, reset, half-open and dead: nothing is lost, nothing stays behind.

Short of any time-out here; ten minutes of each: `make chaos`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.chaos import brokerless
from tests.chaos.feeding import Feed
from tests.chaos.killing import finish
from tests.chaos.links import CALM_S, Storm, go_through, has_calmed, sockets, wired, wired_broker
from tests.integration.judging import Findings, make_work
from tests.integration.notes import note
from tests.integration.process import PROGRAM
from tests.integration.waiting import until

SECONDS = 2.5

pytestmark = [pytest.mark.soak, pytest.mark.chaos, pytest.mark.timeout(300)]


@dataclass
class Run:
    """What became of a sound worker and of one that forgets to close what it opens."""

    storm: Storm
    sound: Findings
    code: int | None
    calmed: bool
    leaking: int


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Both behind the same wire to the broker, and their own to a push service."""
    folder = tmp_path_factory.mktemp("links")
    with (
        wired_broker(folder / "kafka") as (broker, wire),
        wired(broker, folder / "sound", wire, partitions=4) as sound,
        wired(broker, folder / "leaky", wire, partitions=1) as leaky,
    ):
        work = make_work(seed=81, rows=4_000)
        for system, program in ((sound, PROGRAM), (leaky, brokerless.program("leaking"))):
            system.set_up()
            system.start_worker(0, program)
        for system in (sound, leaky):
            system.wait_until_ready()
        feeds = [
            Feed(broker.bootstrap, system.topics.events, messages, per_second)
            for system, messages, per_second in (
                (sound, work.messages, 150),
                (leaky, work.messages[:500], 15),
            )
        ]
        storm = go_through([sound, leaky], feeds, SECONDS)
        findings = finish(sound, work)
        until(lambda: has_calmed(sound, storm.before[0]), CALM_S, f"as before: {storm}, {sockets(sound)}")
        storm.after = [sockets(system) for system in (sound, leaky)]
        yield Run(storm, findings, sound.workers[0].code, has_calmed(sound, storm.before[0]), storm.after[1])


def test_bad_links_lose_nothing_and_leave_nothing_behind(run: Run) -> None:
    """Given a worker under load, when its links go bad in every way, then all is exact and nothing is left open."""
    note(f"C8: {run.storm.told()}; {run.sound.told()}")
    assert all(counts[0] for counts in run.storm.struck.values()), (
        "a weather never struck the link to the broker"
    )
    assert all(counts[1] for counts in run.storm.struck.values()), (
        "a weather never struck the link to the provider"
    )
    assert run.code is None
    assert run.sound.exact, run.sound
    assert run.calmed


def test_a_build_that_leaves_its_connections_open_is_found_out(run: Run) -> None:
    """Given a build that closes no connection, the same count of sockets says so."""
    note(f"C8: broken build leaking: {run.storm.before[1]} sockets before, {run.leaking} after")
    assert run.leaking > run.storm.before[1] + 5
