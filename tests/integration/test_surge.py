"""C161 on a real broker: a surge, two workers, a mail server; and a worker that is killed while it sends the mail."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from ruamel.yaml import YAML

from app.cli.output import time_text
from app.clock import monotonic_s, now_ms
from app.kafka.files import LOOPBACK, free_port
from app.topics import coordinator_of
from tables.catalog import IN_FORCE_MS
from tests.integration.fixtures import Systems
from tests.integration.notes import note
from tests.integration.system import System
from tests.integration.waiting import until
from tests.transports.email.server import OK, Post

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

PARTITIONS = 2
USUAL, TIMES, A_SECOND = 4, 5, 100
CAMPAIGN = f"""\
campaign: rush
name: Rush
owner: crm@example.com
when: {{event: go}}
limits: {{ignore_caps: true}}
what: {{title: Hello, body: You}}
surge: {{times: {TIMES}, at_least: 10, expected: {USUAL}}}
"""


class DeadlyPost(Post):
    """A mail server at which, once, the worker that speaks to it is killed."""

    def __init__(self, system: System, command: str) -> None:
        super().__init__()
        self._system = system
        self.deaths: list[int] = []
        self.script = {command: ["kill"]}

    def _next(self, command: str) -> str:
        said = super()._next(command)
        if said != "kill":
            return said
        place = coordinator_of(b"rush", PARTITIONS)
        victim = next(
            number
            for number in self._system.workers
            for each in self._system.owned(number) or ()
            if (each["actor"], each["partition"]) == ("email", place)
        )
        self._system.workers[victim].kill()
        self.deaths.append(victim)
        return OK


@contextmanager
def listening(post: Post) -> Iterator[int]:
    """The mail server, in a thread of its own."""
    controller = Controller(post, hostname=LOOPBACK, port=free_port())
    controller.start()
    try:
        yield int(controller.port)
    finally:
        controller.stop()


def add_mail(system: System, port: int) -> None:
    yaml, file = YAML(), system.folder / "carillon.yaml"
    document = yaml.load(file.read_text(encoding="utf-8"))
    document["providers"]["email"] = {"url": f"smtp://{LOOPBACK}:{port}", "from": "alerts@example.com"}
    with file.open("w", encoding="utf-8") as opened:
        yaml.dump(document, opened)


def some(numbers: Iterator[int], count: int) -> list[tuple[str, dict[str, Any]]]:
    """So many users more who qualify now."""
    found = []
    for number in itertools.islice(numbers, count):
        user = f"u{number}"
        device = {"id": f"d{number}", "type": "android", "token": f"t{number}", "push": "allowed"}
        found.append(
            (
                user,
                {
                    "type": "track", "userId": user, "messageId": f"m{number}", "event": "go",
                    "timestamp": time_text(now_ms()), "context": {"device": device},
                },
            )
        )  # fmt: skip
    return found


def rush(system: System) -> dict[str, Any]:
    """The campaign, as whoever answers tells it."""
    for number in system.workers:
        status, said = system.get(number, "/api/v1/campaigns/rush")
        if status == 200:
            return dict(said)
    return {}


def surge(system: System, numbers: Iterator[int], port: int) -> None:
    """Begin two workers and let users come until the campaign is paused, and a second beyond that being in force."""
    system.start_sink()
    system.settings(caps=[])
    add_mail(system, port)
    system.done("setup")
    system.done("campaign", "apply", "--schedule", system.write("rush.yaml", CAMPAIGN))
    system.start_workers(2)
    begun_s, fed = monotonic_s(), 0

    def is_paused() -> bool:
        nonlocal fed
        due = int((monotonic_s() - begun_s) * A_SECOND) - fed
        system.feed(some(numbers, due))
        fed += due
        said = rush(system)
        return said.get("status") == "paused" and now_ms() > said["since_ms"] + IN_FORCE_MS + 1000

    until(is_paused, 60, "it is paused")


def judged(system: System, post: Post, posting: str) -> int:
    """When settled: paused for its reason, told once, nobody lost; how many were sent."""
    said, decisions = rush(system), system.decisions()
    steps = Counter(each["step"] for each in decisions)
    over = steps["sent"] - (USUAL * TIMES + 1)
    note(
        f"surge: {len(post.deaths) if isinstance(post, DeadlyPost) else 0} killed; at {A_SECOND} a second, "
        f"{steps['qualified']} qualified and {over} were sent beyond the bound of {USUAL * TIMES + 1}"
    )
    assert (said["status"], said["reason"], said["alert"]["posting"]) == ("paused", "surge", posting)
    assert [envelope[1] for envelope in post.envelopes] == [["crm@example.com"]]
    assert (said["counts"]["gap"], said["counts"]["qualified"]) == (0, steps["qualified"])
    assert 0 <= over <= 10 * A_SECOND
    dropped = {each["reason"] for each in decisions if each["step"] == "dropped"}
    assert dropped <= {"surge"}
    shown = json.loads(system.done("campaign", "show", "rush", "--json").out)
    assert (shown["reason"], shown["alert"]["posting"]) == ("surge", posting)
    return steps["sent"]


def goes_on(system: System, numbers: Iterator[int], sent: int) -> None:
    """Nobody more qualifies until it is resumed; then whoever comes does."""
    system.done("campaign", "resume", "rush")
    system.feed(some(numbers, 5))
    system.settle()
    assert sum(each["step"] == "sent" for each in system.decisions()) == sent + 5
    assert rush(system)["status"] == "live"


def test_it_pauses_its_owner_gets_one_mail_and_it_goes_on_when_resumed(systems: Systems) -> None:
    """Given two workers and a rush of a hundred a second, where four an hour are usual, then the campaign is paused for
    `surge`, exactly one mail arrives, nobody who comes now qualifies, and `campaign resume` lets it go on."""
    system, post, numbers = systems.make(partitions=PARTITIONS, clock="wall"), Post(), itertools.count()
    with listening(post) as port:
        surge(system, numbers, port)
        until(lambda: rush(system).get("alert"), 30, "the mail has ended")
        system.settle()
        sent = judged(system, post, "sent")
        system.feed(some(numbers, 20))
        goes_on(system, numbers, sent)
    assert len(post.mails) == 1


@pytest.mark.soak
@pytest.mark.parametrize(("command", "posting"), [("RCPT", "sent"), ("DATA", "unknown")])
def test_one_mail_arrives_though_the_worker_dies_that_sends_it(
    systems: Systems, command: str, posting: str
) -> None:
    """Given the same, when the worker that sends the mail is killed, before its content has left or before the server
    has answered, then exactly one arrives: the next owner sends it, or says that it may have arrived."""
    system, numbers = systems.make(partitions=PARTITIONS, clock="wall"), itertools.count()
    post = DeadlyPost(system, command)
    with listening(post) as port:
        surge(system, numbers, port)
        until(lambda: post.deaths, 30, "the mail is begun")
        until(lambda: rush(system).get("alert"), 90, "the mail has ended")
        system.start_worker(post.deaths[0])
        system.wait_until_ready()
        system.settle()
        sent = judged(system, post, posting)
        goes_on(system, numbers, sent)
    assert len(post.mails) == len(post.deaths) == 1
