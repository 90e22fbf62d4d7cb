"""What Prometheus reads."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.domain.model.user import Agenda, Trigger, Waiting
from app.web.campaign_figures import CAMPAIGNS
from app.web.worker_figures import VERSION
from tables.ledger import Stage
from tables.users import AGENDA
from tests.app.turns.memory import MemoryRecord
from tests.app.web.asking import Client
from tests.app.web.makers import a_delivery, a_user, counts
from tests.app.web.rig import FixedPartition, Rig

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


async def scrape(client: Client) -> Samples:
    async with client.get("/metrics") as answer:
        assert answer.status == 200
        families = text_string_to_metric_families(await answer.text())
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in families
            for sample in family.samples
        }


def of_users(name: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    return name, (("actor", "users"), ("partition", "0"))


async def test_partitions_tell_their_figures(client: Client, rig: Rig) -> None:
    rig.ends.ends = {("events", 0): 9, (rig.topics.dead_letters, 0): 2}
    found = await scrape(client)
    assert found[of_users("carillon_turns_total")] == 3
    assert found[of_users("carillon_records_total")] == 40
    assert found[of_users("carillon_lag_records")] == 9
    assert found[of_users("carillon_partition_ready")] == 1
    assert found["carillon_dead_letters_total", (("partition", "0"),)] == 2


async def test_what_kafka_must_be_asked_for_is_left_out_while_it_is_away(client: Client, rig: Rig) -> None:
    rig.ends.ends = None
    found = await scrape(client)
    assert of_users("carillon_lag_records") not in found
    assert of_users("carillon_turns_total") in found


async def test_timers_tell_how_many_are_near_and_how_late_the_first_is(client: Client, rig: Rig) -> None:
    trigger, now_ms = Trigger("e", "x", 0, {}), rig.clock.now_ms()
    for user, due_ms in (("late", now_ms - 2500), ("near", now_ms + 1000), ("far", now_ms + 3_600_000)):
        entry = Waiting("cart", 1, "i", due_ms, trigger)
        rig.parts["users", 0].keep(AGENDA, user.encode(), Agenda([entry]))
    found = await scrape(client)
    assert found[of_users("carillon_timers_near")] == 2
    assert found[of_users("carillon_timer_overdue_seconds")] == 2.5


async def test_timers_that_are_due_are_counted_apart(client: Client, rig: Rig) -> None:
    trigger, now_ms = Trigger("e", "x", 0, {}), rig.clock.now_ms()
    for user, due_ms in (("late", now_ms - 2500), ("later", now_ms - 5), ("near", now_ms + 1000)):
        rig.parts["users", 0].keep(AGENDA, user.encode(), Agenda([Waiting("cart", 1, "i", due_ms, trigger)]))
    assert (await scrape(client))[of_users("carillon_timers_due")] == 2


async def test_the_oldest_record_that_was_fetched_tells_its_own_age(client: Client, rig: Rig) -> None:
    rig.ends.ends = {("events", 0): 9}
    record = MemoryRecord("events", 0, 0, rig.clock.now_ms() - 7_000, b"u", b"")
    rig.parts["users", 0].waiting.put("events", [record])
    assert (await scrape(client))[of_users("carillon_oldest_undecided_seconds")] == pytest.approx(7, abs=0.5)


async def test_a_record_that_no_fetch_brings_ages_from_when_it_was_first_seen(
    client: Client, rig: Rig
) -> None:
    """Given an input that grows while nothing of it comes in, then its age is that of the first end that was seen."""
    found: Samples = {}
    for end, later_ms in ((0, 0), (5, 0), (9, 60_000), (12, 60_000)):
        rig.clock.at_ms += later_ms
        rig.ends.ends = {("events", 0): end}
        found = await scrape(client)
    assert found[of_users("carillon_oldest_undecided_seconds")] == pytest.approx(120, abs=1)
    rig.parts["users", 0].watermark.inputs["events"] = 8
    found = await scrape(client)
    assert found[of_users("carillon_oldest_undecided_seconds")] == pytest.approx(0, abs=1)


async def test_histograms_are_of_an_actor_and_keep_what_a_partition_did_that_has_left(
    client: Client, rig: Rig
) -> None:
    """Given turns of a partition that then goes elsewhere, and comes back, then the sums only grow."""
    users = rig.hosts["users"]
    users.partitions[0].figures.appended(0.004, 0.002, 12, 3)
    users.partitions[0].figures.relayed(0.2)
    before = await scrape(client)
    gone = users.partitions.pop(0)
    without = await scrape(client)
    again = FixedPartition("users", 0, rig.clock)
    again.figures.appended(0.4, 0.002, 90, 3)
    users.partitions[0] = again
    after = await scrape(client)
    actor = (("actor", "users"),)
    counts = [found["carillon_turn_records_count", actor] for found in (before, without, after)]
    assert counts == [1, 1, 2]
    assert after["carillon_turn_records_sum", actor] == 102
    assert after["carillon_turn_seconds_bucket", (("actor", "users"), ("le", "0.004096"))] == 1
    assert after["carillon_relay_seconds_bucket", (("actor", "users"), ("le", "0.2621"))] == 1
    assert gone.figures is not again.figures


async def test_a_restore_tells_what_is_left(client: Client, rig: Rig) -> None:
    rig.parts["users", 0].restore(at=41, end=100)
    found = await scrape(client)
    assert found[of_users("carillon_restore_remaining_records")] == 59
    assert found[of_users("carillon_partition_ready")] == 0


async def test_the_worker_tells_of_its_broker_its_loop_and_its_disk(client: Client, rig: Rig) -> None:
    rig.watcher.broker_there = False
    found = await scrape(client)
    assert found["carillon_broker_reachable", ()] == 0
    assert found["carillon_watchdog_gave_up", ()] == 0
    assert found["carillon_loop_late_seconds", ()] == 0.25
    assert 0 < found["carillon_disk_free_bytes", ()] <= found["carillon_disk_size_bytes", ()]
    assert found["carillon_process_resident_memory_bytes", ()] > 0


async def test_a_campaign_tells_its_gap_and_its_steps(client: Client, rig: Rig) -> None:
    """C152."""
    counts(rig, qualified=10, sent=7, accepted=6, failed={"expired": 1}, dropped={"user_cap": 1})
    found = await scrape(client)
    assert found["carillon_conservation_gap", (("campaign", "cart"),)] == 2
    for code, count in (("qualified", 10), ("accepted", 6), ("expired", 1), ("user_cap", 1)):
        assert found["carillon_decisions_total", (("campaign", "cart"), ("code", code))] == count


async def test_a_campaign_tells_what_is_unfinished_also_where_that_cannot_be(
    client: Client, rig: Rig
) -> None:
    """C152: sent = accepted + failed + on their way; fewer than none on their way is what alarms."""
    counts(rig, qualified=10, held_now=2, sent=7, accepted=8)
    found = await scrape(client)
    places = {place: found["carillon_unfinished_messages", (("campaign", "cart"), ("place", place))]
              for place in ("held", "on_their_way")}  # fmt: skip
    assert places == {"held": 2, "on_their_way": -1}


async def test_many_campaigns_are_counted_together(client: Client, rig: Rig) -> None:
    for number in range(CAMPAIGNS + 5):
        counts(rig, campaign=f"c{number}", qualified=1000 - number)
    found = await scrape(client)
    gaps = {
        labels[0][1]: value for (name, labels), value in found.items() if name == "carillon_conservation_gap"
    }
    assert len(gaps) == CAMPAIGNS + 1
    assert gaps["other"] == sum(1000 - number for number in range(CAMPAIGNS, CAMPAIGNS + 5))


async def test_requests_are_timed_by_route_and_never_by_user(client: Client, rig: Rig) -> None:
    a_user(rig, "secret-user")
    a_delivery(rig, Stage.WAITING, rig.clock.now_ms())
    async with client.get("/api/v1/users/secret-user") as answer:
        assert answer.status == 200
    async with client.get("/metrics") as answer:
        text = await answer.text()
    assert 'route="/api/v1/users/{user_id}",status="200"' in text
    assert "secret-user" not in text


async def test_every_name_is_ours_and_well_formed(client: Client) -> None:
    names = {name for name, _ in await scrape(client)}
    assert [name for name in names if not re.fullmatch(r"carillon_[a-z_]+", name)] == []


def test_the_version_is_the_projects() -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["version"] == VERSION
