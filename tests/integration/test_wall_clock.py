"""Waiting by the wall clock: what did not happen in time is answered, and a backlog is read before it is judged."""

from __future__ import annotations

from typing import Any

import pytest

from app.cli.output import time_text
from app.clock import now_ms
from tests.integration.fixtures import Systems
from tests.integration.judging import ids_of, unfinished
from tests.integration.system import System
from tests.integration.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

WITHIN_MS = 3_000
REMINDER = """\
campaign: reminder
when:
  event: cart
  unless: {event: purchase, within: WITHIN}
what: {title: Still there?, body: Your cart is}
"""


@pytest.fixture(scope="module")
def system(shared_systems: Systems) -> System:
    """Such an app with one worker."""
    made = reminding(shared_systems)
    made.start_workers(1)
    return made


def reminding(systems: Systems, within_ms: int = WITHIN_MS) -> System:
    """An app under the wall clock with one campaign; one partition, so that due times are in order."""
    made = systems.make(partitions=1, clock="wall")
    made.start_sink()
    made.settings(caps=[])
    made.done("setup")
    made.done(
        "campaign",
        "apply",
        "--schedule",
        made.write("reminder.yaml", REMINDER.replace("WITHIN", f"{within_ms // 1000}s")),
    )
    return made


def events(user: str, *names: str) -> list[tuple[str, dict[str, Any]]]:
    """A user with a device, and these events, all now."""
    device = {"id": f"dev-{user}", "type": "android", "token": f"tok-{user}", "push": "allowed"}
    time = {"userId": user, "timestamp": time_text(now_ms())}
    found: list[dict[str, Any]] = [{"type": "identify", "context": {"device": device}} | time]
    found += [{"type": "track", "event": name} | time for name in names]
    return [(user, message) for message in found]


def shown(system: System) -> dict[str, int]:
    """When each token's push was taken."""
    return {line["token"]: line["at"] for line in system.received() if line["service"] == "fcm"}


def test_it_fires_after_its_time_and_not_where_the_purchase_came(system: System) -> None:
    """Given two carts, one of them bought, when three seconds are over, then only the other is reminded."""
    system.feed(events("bought", "cart", "purchase"))
    sent_ms = now_ms()
    system.feed(events("left", "cart"))
    until(lambda: "tok-left" in shown(system), 30, "the reminder", 0.1)
    assert shown(system).keys() == {"tok-left"}
    assert shown(system)["tok-left"] >= sent_ms + WITHIN_MS
    decisions = system.decisions()
    assert {each["user"] for each in decisions} == {"left"}
    assert not unfinished(decisions) or until(lambda: not unfinished(system.decisions()), 30, "it ended")


def test_a_backlog_is_read_before_what_is_due_fires(system: System) -> None:
    """Given a stopped worker, cart and purchase behind it, when it starts after the time, then nothing is sent."""
    assert system.stop_workers() == {0: 0}
    system.feed(events("early", "cart"))
    system.feed(events("bought late", "cart"))
    system.feed(
        [(user, message) for user, message in events("bought late", "purchase") if "event" in message]
    )
    system.feed(events("left late", "cart"))
    sent_ms = now_ms()
    until(lambda: now_ms() > sent_ms + WITHIN_MS + 500, 10, "all is due")
    system.start_workers(1)
    until(lambda: {"tok-early", "tok-left late"} <= shown(system).keys(), 60, "the reminders", 0.1)
    system.settle()
    assert "tok-bought late" not in shown(system)
    assert {each["user"] for each in system.decisions()} == {"left", "early", "left late"}
    assert len(ids_of(system.decisions(), "sent")) == 3
