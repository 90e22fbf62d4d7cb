"""What cannot work is refused at once: what happened, why, what to do, and an exit code that says which kind it is."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.clock import monotonic_s
from app.kafka.files import LOOPBACK, free_port
from tests.chaos.killing import finish
from tests.integration.fixtures import Systems
from tests.integration.judging import make_work
from tests.integration.notes import note
from tests.integration.system import DEMO_CAMPAIGNS, System
from tests.integration.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]
UNREACHABLE = 5
SOON_S = 20.0
FULL = ": Unstored: "

FIVE_MISTAKES = """\
campaign: Not An Id
when:
  event: [add_to_cart]
  unless: {event: purchase, within: 10 parsecs}
  repeat: sometimes
what:
  title: "{{ user.name | }}"
  body: You
colour: blue
"""
PATHS = ("campaign", "when.event", "when.unless.within", "when.repeat", "colour")


@pytest.fixture(scope="module")
def made(shared_systems: Systems) -> System:
    """An app that is set up, and that no test here starts."""
    system = shared_systems.make(partitions=2)
    system.set_up()
    return system


def test_five_mistakes_are_all_told_with_their_places(made: System) -> None:
    """Given a file with five mistakes and more, when it is checked or applied, then each is told, with its path."""
    file = made.write("wrong.yaml", FIVE_MISTAKES)
    for act in ("check", "apply"):
        said = made.command("campaign", act, file)
        assert said.code == 1, said
        told = said.out + said.errors
        assert [path for path in PATHS if path not in told] == [], told


@pytest.mark.parametrize(
    "arguments",
    [
        ("setup",),
        ("campaign", "apply", DEMO_CAMPAIGNS[0]),
        ("campaign", "list"),
        ("event", "send", "events.jsonl"),
        ("event", "tick", "2024-07-02T00:00:00Z"),
    ],
)
def test_a_broker_that_is_not_there(made: System, arguments: tuple[str, ...]) -> None:
    """Given nobody at the broker's address, when a command needs it, then it ends soon with 5 and says so."""
    event = {"type": "track", "event": "e", "userId": "u", "timestamp": "2024-01-01T00:00:00Z"}
    path = made.write("events.jsonl", json.dumps(event) + "\n")
    nowhere = f"{LOOPBACK}:{free_port()}"
    started_s = monotonic_s()
    said = made.command(
        *(path if each == "events.jsonl" else each for each in arguments), CARILLON_KAFKA=nowhere
    )
    assert said.code == UNREACHABLE, said
    assert nowhere in said.errors
    assert monotonic_s() - started_s < SOON_S


def test_a_web_port_in_use(made: System) -> None:
    """Given a port that somebody holds, when a worker is started on it, then it names the port and ends with 1."""
    with socket.socket() as holder:
        holder.bind((LOOPBACK, 0))
        holder.listen()
        port = holder.getsockname()[1]
        said = made.command("worker", CARILLON_WEB=f"{LOOPBACK}:{port}")
    assert said.code == 1, said
    assert str(port) in said.errors
    assert "CARILLON_WEB" in said.errors


def test_another_number_of_partitions_in_the_settings(made: System) -> None:
    """Given an app that was set up with two, when the settings say three, then setup and worker refuse."""
    made.settings(partitions=3)
    try:
        said = [made.command("setup"), made.command("worker")]
    finally:
        made.settings()
    assert [each.code for each in said] == [1, 1], said
    assert all("2 partitions" in each.errors and "3" in each.errors for each in said)


def test_a_topic_of_events_that_was_widened(systems: Systems) -> None:
    """Given more partitions of events than there were, then setup and worker refuse, whatever the settings say."""
    system = systems.make(partitions=2)
    system.start_sink()
    system.settings()
    system.done("setup")
    system.kafka.widen(system.topics.events, 3)
    for partitions in (2, 3):
        system.settings(partitions=partitions)
        said = [system.command("setup"), system.command("worker")]
        assert [each.code for each in said] == [1, 1], said
        assert all("partitions" in each.errors for each in said)


def test_events_keyed_by_another_partitioner(systems: Systems) -> None:
    """Given librdkafka's default partitioner under `murmur2`, then the worker is not ready, and names the setting."""
    system, work = systems.make(), make_work(seed=61, rows=300)
    system.set_up()
    system.start_workers(1)
    records = ((user, json.dumps(message).encode()) for user, message in work.messages)
    system.kafka.produce(system.topics.events, records, partitioner="consistent_random")
    said = until(lambda: _not_ready(system), 60, "the worker says that it is not ready")
    assert "partitioner" in said
    assert "partitioner: murmur2" in system.workers[0].text


def _not_ready(system: System) -> str:
    status, said = system.get(0, "/readyz")
    return json.dumps(said) if status == 503 else ""


@pytest.fixture
def small_disk(systems: Systems) -> Iterator[System]:
    """An app whose worker keeps its state on a disk of a few megabytes."""
    system = systems.make(partitions=1)
    system.state().mkdir(parents=True)
    mount = [shutil.which("mount") or "mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(system.state())]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    yield system
    system.stop_workers()
    subprocess.run([shutil.which("umount") or "umount", str(system.state())], check=True)


def fill(ballast: Path) -> None:
    """Write until there is no room."""
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(1 << 14)):
            pass


def test_a_full_disk_stops_nobody_for_good(small_disk: System) -> None:
    """Given a worker whose disk fills up under load, when there is room again, then it goes on and all is exact."""
    system, work = small_disk, make_work(seed=62, rows=1_500)
    system.set_up()
    system.start_workers(1)
    ballast = system.state() / "ballast"
    fill(ballast)
    system.feed(work.messages)
    until(lambda: FULL in system.workers[0].text, 60, "the disk is full")
    assert system.workers[0].code is None
    assert system.get(0, "/livez")[0] == 200
    ballast.unlink()
    system.wait_until_ready()
    findings = finish(system, work)
    note(f"full disk: {system.workers[0].text.count(FULL)} partitions reopened over it; {findings.told()}")
    assert findings.exact, findings
