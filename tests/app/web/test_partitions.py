"""What the demo and operators ask: how far is every partition, and what of its work is open?"""

from __future__ import annotations

from typing import Any

import pytest

from app.demo.settling import busy
from app.domain.model.user import Agenda, Trigger, Waiting
from app.turns.actor import Time
from app.turns.ports import Phase
from tables.ledger import Stage
from tables.users import AGENDA
from tests.app.web.asking import Client, json_of
from tests.app.web.makers import a_delivery
from tests.app.web.rig import URL, Rig


async def told(client: Client, actor: str) -> dict[str, Any]:
    found = await json_of(client, "/api/v1/partitions")
    return next(each for each in found if each["actor"] == actor)


def wait_until(rig: Rig, due_ms: int) -> None:
    trigger = Trigger("e", "add_to_cart", 0, {})
    rig.parts["users", 0].keep(AGENDA, b"u-1", Agenda([Waiting("cart", 1, "i", due_ms, trigger)]))


async def test_a_worker_with_nothing_to_do_is_not_busy(client: Client) -> None:
    assert busy({URL: await json_of(client, "/api/v1/partitions")}, 1) == []


async def test_lag_is_what_stands_between_the_end_and_the_next_offset(client: Client, rig: Rig) -> None:
    rig.ends.ends = {("events", 0): 12}
    rig.parts["users", 0].watermark.inputs["events"] = 8
    found = await told(client, "users")
    assert (found["lag"], found["position"]) == (3, {"events": 9})


async def test_records_that_came_after_the_question_are_no_negative_lag(client: Client, rig: Rig) -> None:
    rig.ends.ends = {("events", 0): 4}
    rig.parts["users", 0].watermark.inputs["events"] = 8
    assert (await told(client, "users"))["lag"] == 0


async def test_without_kafka_the_lag_is_not_guessed(client: Client, rig: Rig) -> None:
    rig.ends.ends = None
    answer = await json_of(client, "/api/v1/partitions", 503)
    assert answer["title"] == "Service Unavailable"


async def test_calls_and_answers_under_way_are_in_flight(client: Client, rig: Rig) -> None:
    rig.parts["fcm", 0].actor.in_flight = 2
    rig.parts["fcm", 0].results_waiting = 1
    assert (await told(client, "fcm"))["in_flight"] == 3


async def test_a_partition_that_is_not_ready_is_never_done(client: Client, rig: Rig) -> None:
    rig.parts["users", 0].phase = Phase.REFUSED
    assert busy({URL: await json_of(client, "/api/v1/partitions")}, 1) == ["users 0: in_flight 1"]


async def test_a_restore_tells_its_progress(client: Client, rig: Rig) -> None:
    rig.parts["users", 0].restore(at=1, end=4)
    assert (await told(client, "users"))["percent"] == 25


@pytest.mark.parametrize(("after_ms", "due"), [(-1, 1), (0, 0), (1, 0)])
async def test_under_the_wall_clock_a_timer_is_due_once_its_time_is_past(
    client: Client, rig: Rig, after_ms: int, due: int
) -> None:
    wait_until(rig, rig.clock.now_ms() + after_ms)
    assert (await told(client, "users"))["timers_due"] == due


@pytest.mark.parametrize(("due_ms", "due"), [(999, 1), (1000, 0), (1001, 0)])
async def test_under_a_stream_clock_the_streams_time_counts(
    client: Client, rig: Rig, due_ms: int, due: int
) -> None:
    rig.parts["users", 0].actor.time = Time.STREAM
    rig.parts["users", 0].watermark.stream_ms = 1000
    wait_until(rig, due_ms)
    assert (await told(client, "users"))["timers_due"] == due


@pytest.mark.parametrize(("stage", "waiting"), [(Stage.WAITING, 1), (Stage.CALLING, 1), (Stage.DONE, 0)])
async def test_a_delivery_that_has_not_ended_is_waiting(
    client: Client, rig: Rig, stage: Stage, waiting: int
) -> None:
    a_delivery(rig, stage, rig.clock.now_ms() + 30_000)
    assert (await told(client, "fcm"))["retries_due"] == waiting


async def test_a_retry_behind_what_has_ended_is_seen(client: Client, rig: Rig) -> None:
    for number in range(5):
        a_delivery(rig, Stage.DONE, rig.clock.now_ms() + number, f"done-{number}")
    a_delivery(rig, Stage.WAITING, rig.clock.now_ms() + 60_000)
    assert (await told(client, "fcm"))["retries_due"] == 1
