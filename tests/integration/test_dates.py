"""A date that an event told is kept through a kill, and what moved it too (C011)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.fixtures import Systems
from tests.integration.judging import ids_of, unfinished
from tests.integration.notes import note

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

REMINDER = """\
campaign: reminder
when:
  date: {event: booked, property: departs, offset: -1d, match: trip, unless: {event: cancelled}, at: "09:00"}
what: {title: "To {{ event.to }}", body: Tomorrow}
"""
DEVICE = {"id": "d1", "type": "android", "token": "tok-1", "push": "allowed"}


def message(event: str, time: str, trip: str, name: str, **properties: Any) -> tuple[str, dict[str, Any]]:
    """An event of the one user, who is in Paris."""
    context = {"device": DEVICE, "timezone": "Europe/Paris"}
    made = {"type": "track", "userId": "u1", "event": event, "messageId": name, "timestamp": time}
    return "u1", made | {"context": context, "properties": {"trip": trip} | properties}


def test_reminders_of_dates_survive_a_kill(shared_systems: Systems) -> None:
    """Given bookings, one moved, one cancelled, and a killed worker, then each is reminded once, at its time."""
    system = shared_systems.make(partitions=1)
    system.start_sink()
    system.settings(caps=[])
    system.done("setup")
    system.done("campaign", "apply", "--schedule", system.write("reminder.yaml", REMINDER))
    system.start_workers(1)
    day = "2026-11-23T10:00:0"
    system.feed(
        [
            message("booked", f"{day}0Z", "t1", "a1", departs="2026-12-10", to="Rome"),
            message("booked", f"{day}1Z", "t2", "a2", departs="2026-12-10T09:00:00+01:00", to="Oslo"),
            message("booked", f"{day}2Z", "t3", "a3", departs="2026-12-10", to="Bonn"),
            message("booked", f"{day}3Z", "t2", "a4", departs="2026-12-24", to="Oslo"),
            message("cancelled", f"{day}4Z", "t3", "b1"),
        ]
    )
    system.settle()
    assert system.decisions() == []
    system.workers[0].kill()
    note("dates: 1 worker killed between the booking and its date")
    system.start_workers(1)
    system.tick("2026-12-09T07:59:59.999Z")
    system.settle()
    assert system.decisions() == []
    system.tick("2026-12-09T08:00:00Z")
    system.tick("2026-12-31T00:00:00Z")
    system.settle()
    decisions = system.decisions()
    assert not unfinished(decisions)
    sent = [each for each in decisions if each["step"] == "sent"]
    assert [(each["trigger"]["event_id"], each["at"]) for each in sent] == [
        ("a1", 1_796_803_200_000),
        ("a4", 1_798_012_800_000),
    ]
    assert sorted(line["message"] for line in system.received()) == sorted(ids_of(decisions, "sent"))
