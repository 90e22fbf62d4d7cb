"""Whoever starts, stops and routes to workers asks these."""

from __future__ import annotations

import pytest

from app.turns.ports import Phase
from app.web.health import STILL_S, Pulse
from tests.app.turns.memory import SetClock
from tests.app.web.asking import Client, json_of
from tests.app.web.rig import Rig


def codes(answer: dict[str, list[dict[str, str]]]) -> list[str]:
    return [reason["code"] for reason in answer["reasons"]]


async def test_a_worker_whose_partitions_all_decide_is_ready(client: Client) -> None:
    assert await json_of(client, "/readyz") == {"ready": True}


async def test_a_rebalance_is_named(client: Client, rig: Rig) -> None:
    rig.engine.rebalancing = True
    assert codes(await json_of(client, "/readyz", 503)) == ["rebalancing"]


async def test_a_worker_without_partitions_is_not_ready(client: Client, rig: Rig) -> None:
    for host in rig.hosts.values():
        host.partitions.clear()
    assert codes(await json_of(client, "/readyz", 503)) == ["no_partitions"]


async def test_a_restore_is_named_with_its_progress(client: Client, rig: Rig) -> None:
    rig.parts["users", 0].restore(at=41, end=100)
    answer = await json_of(client, "/readyz", 503)
    assert answer["reasons"][0]["message"] == "partition 0 of users: restoring, 41 %"


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.READY])
async def test_every_other_phase_keeps_it_from_being_ready(client: Client, rig: Rig, phase: Phase) -> None:
    rig.parts["inbox", 0].phase = phase
    answer = await json_of(client, "/readyz", 503)
    assert answer["reasons"][0]["message"] == f"partition 0 of inbox: {phase.value}"


async def test_what_keeps_a_partition_from_opening_is_told(client: Client, rig: Rig) -> None:
    """Given a partition that was refused, then its reason says by what."""
    part = rig.parts["inbox", 0]
    part.phase, part.trouble = Phase.REFUSED, "the folder is read-only"
    answer = await json_of(client, "/readyz", 503)
    assert answer["reasons"][0]["message"] == "partition 0 of inbox: refused (the folder is read-only)"


async def test_a_broker_that_does_not_answer_turns_ready_off(client: Client, rig: Rig) -> None:
    """Given a broker that was asked and did not answer, then the worker is not ready, and says so."""
    rig.unreachable = "Kafka at 127.0.0.1:9 does not answer"
    answer = await client.get("/readyz")
    assert answer.status == 503
    assert rig.unreachable in await answer.text()


async def test_a_worker_that_its_watchdog_gave_up_is_not_ready(client: Client, rig: Rig) -> None:
    """Given a watchdog that has seen a partition stand still, then ready is off, with what it saw."""
    rig.watcher.gave_up = "users/3 events: 12 records wait, and the fetch brings none, for 31 s"
    answer = await json_of(client, "/readyz", 503)
    assert codes(answer) == ["watchdog"]
    assert rig.watcher.gave_up in answer["reasons"][0]["message"]


async def test_a_misplaced_key_names_the_setting(client: Client, rig: Rig) -> None:
    rig.misplaced = "user 'u' stands where the setting `partitioner: murmur2` would not put it"
    answer = await json_of(client, "/readyz", 503)
    assert codes(answer) == ["partitioner"]
    assert "`partitioner: murmur2`" in answer["reasons"][0]["message"]


async def test_a_log_that_does_not_reach_to_where_we_stand_is_named(client: Client, rig: Rig) -> None:
    rig.out_of_range["events/3"] = "events/3 is decided up to offset 7, and its log holds 9 to 20"
    answer = await json_of(client, "/readyz", 503)
    assert codes(answer) == ["out_of_range"]
    assert "events/3" in answer["reasons"][0]["message"]


async def test_a_catalog_that_was_not_read_is_named(client: Client, rig: Rig) -> None:
    rig.catalog.read_ms = 0
    assert codes(await json_of(client, "/readyz", 503)) == ["catalog"]


async def test_a_worker_is_alive_whatever_else_is_wrong(client: Client, rig: Rig) -> None:
    rig.engine.rebalancing = True
    rig.ends.ends = None
    rig.parts["users", 0].restore(at=0, end=100)
    assert (await json_of(client, "/livez"))["live"] is True


def test_a_loop_that_stands_still_is_not_alive() -> None:
    clock = SetClock()
    pulse = Pulse(clock)
    assert pulse.is_alive
    clock.at_ms += int(STILL_S * 1000)
    assert not pulse.is_alive
