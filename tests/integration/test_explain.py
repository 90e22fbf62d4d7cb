"""C151 on a real broker: events are read back from the log by their offsets, at the worker that owns the user."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.partitioning import partition_of
from tests.integration.fixtures import Systems
from tests.integration.system import System

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

PRICED = """\
campaign: priced
who: {user: country, is: US}
when: {event: add_to_cart, where: {price: {gte: 10}}}
what: {title: Still thinking?, body: Yours.}
"""
PARTITIONS = 2
CROWD = 4000
DEVICE = {"device": {"id": "d1", "type": "android", "token": "token-of-a-device", "push": "allowed"}}


def message(user: str, number: int, event: str, **properties: Any) -> tuple[str, dict[str, Any]]:
    """One event, a second after the one before."""
    at = f"2026-11-23T{10 + number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}Z"
    return user, {"type": "track", "userId": user, "messageId": f"{user}-{number}", "event": event, "timestamp": at,
                  "properties": properties, "context": DEVICE}  # fmt: skip


def identify(user: str, country: str) -> tuple[str, dict[str, Any]]:
    return user, {"type": "identify", "userId": user, "messageId": f"{user}-i", "timestamp": "2026-11-23T09:59:00Z",
                  "traits": {"country": country}, "context": DEVICE}  # fmt: skip


def users_of_both() -> tuple[str, str]:
    """Two users who live in different partitions."""
    found: dict[int, str] = {}
    for number in range(100):
        user = f"u{number}"
        found.setdefault(partition_of(user.encode(), PARTITIONS, "murmur2"), user)
    return found[0], found[1]


def crowd(begin: int) -> list[tuple[str, dict[str, Any]]]:
    """Others, whose events lie between those of one user."""
    return [message(f"crowd-{n % 97}", begin, "looked", text="x" * 120) for n in range(CROWD)]


@pytest.fixture(scope="module")
def explaining(shared_systems: Systems) -> System:
    """Two workers, and users whose few events lie thousands of offsets apart."""
    system = shared_systems.make(partitions=PARTITIONS)
    system.set_up([system.write("priced.yaml", PRICED)])
    system.start_workers(2)
    one, other = users_of_both()
    system.feed(
        [identify(one, "US"), identify(other, "FR"), message(one, 1, "add_to_cart", price=12), *crowd(2)]
    )
    system.feed(
        [message(other, 3, "add_to_cart", price=12), *crowd(4), message(one, 5, "add_to_cart", price=4)]
    )
    system.settle()
    return system


def asked(system: System, user: str, worker: int) -> dict[str, Any]:
    """What the command says for machines, asked of this worker."""
    web = system.environment(worker)["CARILLON_WEB"]
    said = system.done("explain", "--user", user, "--campaign", "priced", "--json", CARILLON_WEB=web)
    found: dict[str, Any] = json.loads(said.out)
    return found


@pytest.mark.parametrize("worker", [0, 1])
def test_events_are_read_back_from_the_log_whichever_worker_is_asked(explaining: System, worker: int) -> None:
    """Given a user whose last cart was too cheap, then every worker names the value, and the cart that was sent."""
    one, other = users_of_both()
    found = asked(explaining, one, worker)
    assert found["verdict"] == "not_sent"
    assert "had price 4, and the campaign asks for price ≥ 10" in found["sentence"]
    fates = [(event["name"], event["fate"]) for event in found["events"]]
    assert fates[:2] == [("add_to_cart", "no_match"), ("add_to_cart", "qualified")]
    assert [each["step"] for each in found["decisions"]][-2:] == ["sent", "qualified"]
    offsets = [event["offset"] for event in found["events"]]
    assert offsets[0] - offsets[1] > CROWD // 2
    assert (
        "country FR, and the campaign asks for country is US" in asked(explaining, other, worker)["sentence"]
    )


def test_what_is_not_there_exits_3(explaining: System) -> None:
    one, _ = users_of_both()
    for user, campaign, words in (
        ("nobody", "priced", "Nothing is known of a user"),
        (one, "gone", "There is no campaign"),
    ):
        said = explaining.command("explain", "--user", user, "--campaign", campaign)
        assert (said.code, words in said.errors) == (3, True), said


def test_the_page_is_there_at_either_worker(explaining: System) -> None:
    from tests.integration.system import _request

    one, _ = users_of_both()
    for worker in (0, 1):
        web = explaining.environment(worker)["CARILLON_WEB"]
        status, text = _request(web, "GET", f"/console/users/{one}/explain/priced", None, raw=True)
        assert (status, "<h1>Not sent: the last add_to_cart" in text) == (200, True)


def test_decisions_from_before_the_remembered_ones_are_found_and_it_is_said_how_far_back(
    explaining: System,
) -> None:
    """Given more decisions on a user than are remembered, then the first of them is told, whichever worker is asked."""
    one, _ = users_of_both()
    explaining.feed([message(one, 10 + n, "add_to_cart", price=12) for n in range(24)])
    explaining.settle()
    for worker in (0, 1):
        found = asked(explaining, one, worker)
        steps = [each["step"] for each in found["decisions"]]
        assert (len(steps) > 32, steps.count("qualified")) == (True, 1 + 24)
        assert found["searched"].startswith("Looked at the last 32 decisions")
        assert "all that is kept" in found["searched"]
        assert steps[-1] == "qualified"
