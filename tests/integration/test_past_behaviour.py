"""Saved segments and past behaviour on a real broker: applied, resolved by the workers, and filled from the log."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.cli.output import time_text
from app.clock import now_ms
from tests.integration.fixtures import Systems
from tests.integration.judging import ids_of
from tests.integration.system import System

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

USERS = [f"u{number}" for number in range(12)]
SEGMENTS = """\
segment: buyers
did: purchase
where: {total: {gte: 50}}
times: {exactly: 3}
within: 30d
---
segment: modern
device: {os: android, app_version: {gte: "3.2.0"}}
"""
CAMPAIGN = """\
campaign: thanks
when: {event: cart}
who: [{segment: buyers}, {segment: modern}]
what: {title: Thank you, body: "{{ user.id }}"}
"""


def message(
    user: str, event: str, message_id: str, device: str = "new", **properties: Any
) -> tuple[str, dict[str, Any]]:
    """An event from one of the user's two devices."""
    version = "3.10.0" if device == "new" else "3.1.9"
    said = {"id": device, "type": "android", "token": f"tok-{device}-{user}", "push": "allowed"}
    return user, {
        "type": "track", "userId": user, "event": event, "messageId": message_id, "properties": properties,
        "timestamp": time_text(now_ms()), "context": {"device": said, "app": {"version": version}},
    }  # fmt: skip


def purchases(number: int) -> list[tuple[str, dict[str, Any]]]:
    """One dear purchase of every user, sent twice, and a cheap one."""
    found = []
    for user in USERS:
        found += 2 * [message(user, "purchase", f"p{number}-{user}", "old", total=60)]
        found.append(message(user, "purchase", f"q{number}-{user}", total=10))
    return found


@pytest.fixture(scope="module")
def system(shared_systems: Systems) -> System:
    """An app under the wall clock, with a worker that has seen two purchases of each before anybody asked."""
    made = shared_systems.make(partitions=3, clock="wall")
    made.start_sink()
    made.settings(caps=[])
    made.done("setup")
    made.start_workers(1)
    made.feed(purchases(1))
    made.feed(purchases(2))
    made.settle()
    return made


def test_what_names_a_segment_that_is_not_there_or_goes_in_a_circle_is_refused_whole(system: System) -> None:
    """Given a typing error and a circle over two files, then neither is applied and both are named."""
    circle = "segment: buyers\nall: [{segment: modern}]\n---\nsegment: modern\nany: [{segment: buyers}]\n"
    refused = system.command("campaign", "check", system.write("circle.yaml", circle))
    assert (refused.code, "buyers -> modern -> buyers" in refused.errors) == (1, True)
    system.done(
        "campaign",
        "apply",
        "--no-wait",
        system.write("early.yaml", "segment: staff\nuser: staff\nis: true\n"),
    )
    lost = system.command("campaign", "apply", system.write("lost.yaml", CAMPAIGN.replace("buyers", "staf")))
    assert lost.code == 1
    said = "lost.yaml: line 3: who[0].segment: there is no segment 'staf' (did you mean 'staff'?)"
    assert said in lost.errors
    assert json.loads(system.done("campaign", "list", "--json").out) == []


def test_the_past_is_filled_from_the_log_and_counts_once(system: System) -> None:
    """Given two purchases in the log, a backfill that runs twice and a third purchase, then exactly three are known."""
    files = [system.write("segments.yaml", SEGMENTS), system.write("thanks.yaml", CAMPAIGN)]
    said = system.done("campaign", "apply", "--schedule", "--json", *files)
    assert "purchase with total ≥ 50: counted from " in said.errors
    assert "counts once `python -m app campaign backfill thanks` has run" in said.errors
    applied = json.loads(said.out)
    assert [(each.get("segment") or each["campaign"], each["version"]) for each in applied] == [
        ("buyers", 1), ("modern", 1), ("thanks", 1),
    ]  # fmt: skip
    system.feed([message(user, "cart", f"c1-{user}") for user in USERS])
    system.settle()
    assert system.decisions() == []
    for _ in range(2):
        filled = json.loads(system.done("campaign", "backfill", "thanks", "--json").out)
        assert (filled["users"], filled["events"]) == (len(USERS), 2 * len(USERS))
    system.feed([message(user, "cart", f"c2-{user}") for user in USERS])
    system.feed(purchases(3))
    system.feed([message(user, "cart", f"c3-{user}") for user in USERS])
    system.settle()
    sent = ids_of(system.decisions(), "sent")
    assert len(sent) == len(USERS)
    assert {each["trigger"]["event_id"] for each in system.decisions()} == {f"c3-{user}" for user in USERS}
    assert {line["token"] for line in system.received() if line["service"] == "fcm"} == {
        f"tok-new-{user}" for user in USERS
    }


def test_a_segment_that_changes_counts_in_its_new_version(system: System) -> None:
    """Given the same campaign and a segment of the old app now, then the other device gets it."""
    older = SEGMENTS.partition("---")[2].replace("gte", "lt")
    changed = json.loads(system.done("campaign", "apply", "--json", system.write("older.yaml", older)).out)
    assert changed == [{"segment": "modern", "version": 2, "changed": True}]
    before = len(system.received())
    system.feed([message(USERS[0], "cart", "c4")])
    system.settle()
    later = system.received()[before:]
    assert [line["token"] for line in later if line["service"] == "fcm"] == [f"tok-old-{USERS[0]}"]


def test_what_breaks_off_between_applying_and_scheduling_goes_on_and_counts_once(system: System) -> None:
    """Given two cheap purchases more in the log, a campaign that was applied and filled when its command was killed,
    and the same command again, then it is live, knows exactly those, and nothing is told twice.
    """
    cheap = CAMPAIGN.replace("thanks", "bargains").replace(
        "[{segment: buyers}, {segment: modern}]",
        "{did: purchase, where: {total: {lt: 50}}, times: {exactly: 3}}",
    )
    file = system.write("bargains.yaml", cheap)
    told = system.done("campaign", "apply", "--no-wait", file).errors
    assert "purchase with total < 50: counted from " in told
    system.done("campaign", "backfill", "bargains")
    went_on = system.done("campaign", "apply", "--schedule", "--backfill", "--json", file)
    assert [(each["version"], each["status"]) for each in json.loads(went_on.out)] == [(1, "live")]
    assert f"{3 * len(USERS)} events of {len(USERS)} users counted" in went_on.errors
    assert "no worker has taken it in yet" not in went_on.errors
    system.feed([message(user, "cart", f"c5-{user}") for user in USERS])
    system.settle()
    sent = [each["trigger"]["event_id"] for each in system.decisions() if each["campaign"] == "bargains"]
    assert set(sent) == {f"c5-{user}" for user in USERS}
    assert "counted from" not in system.done("campaign", "apply", file).errors
