"""Triggers on a date that an event tells, through the whole users actor (C011)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import DateTrigger, Inbox, Quiet, QuietThen, Unless, When
from tests.domain.makers import a_campaign
from tests.flow.engine import Flow
from tests.flow.test_delivery import counts
from tests.flow.test_triggers import at, sent, steps, track

HOUR_MS = 3_600_000


def booking(match: str | None = "trip", **fields: Any) -> Flow:
    """A reminder one hour before the departure."""
    when = When(
        "booked", unless=Unless("cancelled", 0, match), date=DateTrigger("departs", -HOUR_MS, None, match)
    )
    return Flow([a_campaign(when=when, **fields)], AppRules(stream_clock=True), turn_size=3)


def booked(seconds: float, name: str, departs: object, **properties: Any) -> dict[str, Any]:
    """A booking of trip t1."""
    return track("booked", seconds, name, departs=departs, **{"trip": "t1"} | properties)


def test_a_reminder_comes_at_the_offset_from_the_date() -> None:
    """Given a departure at 13:00, then the push is decided at 12:00 and not before."""
    flow = booking()
    flow.feed([booked(0, "a1", at(3 * 3600))])
    flow.tick(at(2 * 3600 - 0.001))
    assert steps(flow) == []
    flow.tick(at(2 * 3600))
    assert steps(flow) == ["qualified", "sent"]
    assert {d["at"] for d in flow.decisions()} == {1_795_428_000_000 + 2 * HOUR_MS}


def test_a_newer_event_moves_the_date_and_an_older_one_that_comes_late_does_not() -> None:
    """Given a booking, its change and late what stood between, then the newest by its own time counts, once."""
    flow = booking()
    flow.feed(
        [
            booked(0, "a1", at(3 * 3600)),
            booked(60, "a3", at(5 * 3600)),
            booked(30, "a2", at(4 * 3600)),
        ]
    )
    flow.tick(at(4 * 3600 - 0.001))
    assert sent(flow) == []
    flow.tick(at(9 * 3600))
    assert sent(flow) == ["a3"]


@pytest.mark.parametrize("departs", [None, "soon", "", True])
def test_a_newer_event_without_a_date_changes_nothing(departs: object) -> None:
    flow = booking()
    flow.feed([booked(0, "a1", at(3 * 3600)), booked(60, "a2", departs)])
    flow.tick(at(9 * 3600))
    assert sent(flow) == ["a1"]


def test_bookings_are_told_apart_by_match_and_are_one_without() -> None:
    """Given two trips, then two reminders; where the campaign has no `match`, one for the newest."""
    two = [booked(0, "a1", at(3 * 3600)), booked(1, "a2", at(4 * 3600), trip="t2")]
    apart, one = booking(), booking(match=None)
    apart.feed(two)
    one.feed(two)
    apart.tick(at(9 * 3600))
    one.tick(at(9 * 3600))
    assert (sent(apart), sent(one)) == (["a1", "a2"], ["a2"])


def test_an_offset_that_is_past_already_is_dropped_and_takes_the_earlier_plan_with_it() -> None:
    """Given a date that moves to half an hour from now, then nothing is sent; the sums hold (C152)."""
    flow = booking()
    flow.feed([booked(0, "a1", at(3 * 3600)), booked(60, "a2", at(1800))])
    flow.tick(at(9 * 3600))
    assert steps(flow) == ["qualified", "dropped too_late"]
    assert counts(flow).gap == 0


def test_an_offset_of_this_very_moment_is_not_past() -> None:
    flow = booking()
    flow.feed([booked(0, "a1", at(3600))])
    flow.tick(at(1))
    assert steps(flow) == ["qualified", "sent"]


@pytest.mark.parametrize(
    ("cancelled_s", "first", "expected"),
    [
        (100, False, []),
        (100, True, []),
        (-1, True, ["a1"]),
        (2 * 3600, False, []),
        (2 * 3600 + 1, False, ["a1"]),
    ],
)
def test_unless_cancels_up_to_the_push_in_any_order_of_the_log(
    cancelled_s: float, first: bool, expected: list[str]
) -> None:
    """Given a cancellation after the booking, then nothing is sent, wherever it stands in the log."""
    flow = booking()
    log = [booked(50, "a1", at(3 * 3600)), track("cancelled", cancelled_s, "b1", trip="t1")]
    if cancelled_s < 0:
        log[1] = track("cancelled", 49, "b1", trip="t1")
    flow.feed(reversed(log) if first else log)
    flow.tick(at(9 * 3600))
    assert sent(flow) == expected


def test_a_date_that_moves_while_its_reminder_is_held_takes_it_back() -> None:
    """Given quiet hours over the due time and a move meanwhile, then the held one is superseded, the new one sent."""
    flow = booking(quiet=Quiet(11 * 60, 13 * 60, QuietThen.HOLD))
    flow.feed([booked(0, "a1", at(3 * 3600)), booked(2.5 * 3600, "a2", at(6 * 3600))])
    flow.tick(at(9 * 3600))
    assert steps(flow) == [
        "qualified", "held quiet_hours", "dropped superseded", "qualified", "sent",
    ]  # fmt: skip
    assert sent(flow) == ["a2"]
    assert (counts(flow).gap, counts(flow).held_now) == (0, 0)


def test_the_same_date_told_again_leaves_a_held_reminder_alone() -> None:
    flow = booking(quiet=Quiet(11 * 60, 13 * 60, QuietThen.HOLD))
    flow.feed([booked(0, "a1", at(3 * 3600)), booked(2.5 * 3600, "a2", at(3 * 3600))])
    flow.tick(at(9 * 3600))
    assert steps(flow) == ["qualified", "held quiet_hours", "released", "sent"]


def test_a_date_without_a_time_is_on_the_clock_of_the_user() -> None:
    """Given `at: "09:00"`, a user in Tokyo and the day before, then the push is decided at 00:00 UTC."""
    when = When("booked", date=DateTrigger("departs", -24 * HOUR_MS, 9 * 60))
    flow = Flow([a_campaign(when=when)], AppRules(stream_clock=True))
    message = booked(0, "a1", "2026-11-25")
    flow.feed([message | {"context": message["context"] | {"timezone": "Asia/Tokyo"}}])
    flow.tick("2026-11-23T23:59:59.999Z")
    assert sent(flow) == []
    flow.tick("2026-11-24T00:00:00Z")
    assert sent(flow) == ["a1"]


def test_the_reminder_is_written_from_the_newest_event() -> None:
    """Given a copy that waits for a launch, then a later booking of the same trip takes that back as well."""
    flow = booking(inbox=Inbox(fallback=False, ttl_ms=24 * HOUR_MS, copy=True))
    flow.feed([booked(0, "a1", at(3 * 3600)), booked(2.5 * 3600, "a2", at(6 * 3600))])
    flow.feed([track("App Opened", 6 * 3600, "o1")])
    assert sent(flow) == ["a2"]
    assert replace(counts(flow), held_now=0) == counts(flow)
