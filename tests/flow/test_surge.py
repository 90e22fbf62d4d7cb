"""C161: a campaign that surges pauses itself and tells its owner, once, whatever crashes; resumed, it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from app.domain.model.alert import Alert, LimitReached, Surged
from app.domain.model.campaign import Campaign, Content, Limits, Status, When
from app.domain.model.surge import SurgeRule
from app.domain.rules.plan import Catalog
from app.domain.rules.surge import DAY_MS, HOUR_MS, hour_of
from tables.catalog_writer import Act, resumed
from tests.flow.engine import FixedCatalog, Flow
from tests.flow.explaining import explained
from tests.flow.limited import accepts
from tests.flow.town import TOPICS, Town

RULE = SurgeRule(times=5, at_least=10, expected=4)


def a_campaign(rule: SurgeRule | None = RULE) -> Campaign:
    return Campaign("c", "Cart", When("go"), Content("T", "B"), owner="crm@example.com", surge=rule)


def a_town(rule: SurgeRule | None = RULE, seed: int = 0) -> Town:
    town = Town([a_campaign(rule)], seed=seed, stream_clock=False)
    town.clock.at_ms = hour_of(town.clock.at_ms) + HOUR_MS + 60_000
    return town


def users(town: Town, count: int) -> Iterator[dict[str, Any]]:
    """So many more users who qualify, each a tenth of a second after the one before."""
    for number in range(count):
        town.clock.at_ms += 100
        yield {
            "type": "track", "event": "go", "userId": f"u{town.clock.at_ms}", "messageId": f"m{town.clock.at_ms}",
            "timestamp": town.clock.at_ms / 1000,
            "context": {"device": {"id": f"d{number}", "type": "android", "token": f"t{town.clock.at_ms}"}},
        }  # fmt: skip


def alerts(town: Town) -> list[Alert]:
    """Every alert that the mails actor would tell: one of each id."""
    found = [
        msgspec.msgpack.decode(record.value, type=Alert)
        for number in range(town.partitions)
        for record in town.log(TOPICS.mails, number)
        if record.value is not None
    ]
    return list({alert.id: alert for alert in found}.values())


def standing(town: Town) -> tuple[Status, str | None, str | None]:
    current = town.catalog.records.standings["c"][0].current
    return current.status, current.reason, current.actor


def pour(town: Town, count: int, crashes: float = 0.0, at_once: int = 5) -> None:
    """Users come a few at a time; everybody does their work in between."""
    for start in range(0, count, at_once):
        town.feed(users(town, min(at_once, count - start)))
        town.run(crashes)


@pytest.mark.parametrize("seed", range(6))
def test_it_pauses_once_and_tells_once_through_crashes(seed: int) -> None:
    """Given four an hour are usual, when 200 come in 20 seconds and every actor crashes all the time, then it is paused
    for `surge`, few go out beyond those that are in force by then, and one alert with figures leaves."""
    town = a_town(seed=seed)
    pour(town, 200, crashes=0.2)
    town.look(3)
    assert town.crashes > 10
    assert standing(town) == (Status.PAUSED, "surge", "coordinator")
    assert [each.reason for each in town.catalog.records.standings["c"][0].before].count("surge") == 0
    (alert,) = alerts(town)
    assert isinstance(alert.happening, Surged)
    assert (alert.owner, alert.name, alert.happening.usual) == ("crm@example.com", "Cart", 4.0)
    assert 21 <= alert.happening.qualified <= 21 + 15
    assert (
        len(town.steps("qualified")) <= 21 + 20 + 15
    )  # in force two seconds after it is written: twenty come meanwhile
    assert len({order.push.user for order in town.orders}) == len(town.orders)
    assert len(town.orders) + town.steps("dropped").count("dropped surge") == len(town.steps("qualified"))


def test_nobody_qualifies_while_it_is_paused_and_it_goes_on_when_resumed() -> None:
    town = a_town()
    pour(town, 100)
    town.look(3)
    before = len(town.steps("qualified"))
    pour(town, 50)
    assert len(town.steps("qualified")) == before
    town.change(resumed(town.catalog.records, "c", Act(town.clock.now_ms())))
    town.look(3)
    pour(town, 19)
    town.look(3)
    assert standing(town)[0] is Status.LIVE
    assert len(town.steps("qualified")) == before + 19
    assert len(alerts(town)) == 1


def test_resumed_within_the_hour_it_trips_again_only_when_as_many_come_anew() -> None:
    town = a_town()
    pour(town, 100)
    town.look(3)
    town.change(resumed(town.catalog.records, "c", Act(town.clock.now_ms())))
    town.look(3)
    pour(town, 100)
    town.look(3)
    assert standing(town)[:2] == (Status.PAUSED, "surge")
    assert len(alerts(town)) == 2


def test_a_pause_that_somebody_wrote_over_unread_is_written_again() -> None:
    """Given a command that had not read of the pause, when it writes that it is live, then it is paused again,
    and its owner is told once."""
    town = a_town()
    before = town.catalog.records.standings["c"]
    pour(town, 30)
    assert standing(town)[0] is Status.PAUSED
    unread = msgspec.structs.replace(before[0].current, version=1, actor="command line")
    town._write(b"c", msgspec.msgpack.encode(msgspec.structs.replace(before[0], current=unread)))
    assert standing(town)[0] is Status.LIVE
    for _ in range(8):
        town.look(1)
    assert standing(town)[:2] == (Status.PAUSED, "surge")
    assert len(alerts(town)) == 1


def test_what_falls_due_while_it_has_paused_itself_is_dropped_for_that() -> None:
    campaign = msgspec.structs.replace(a_campaign(), when=When("go", delay_ms=60_000))
    town = Town([campaign], stream_clock=False)
    town.clock.at_ms = hour_of(town.clock.at_ms) + HOUR_MS + 60_000
    pour(town, 60)
    town.look(120)
    for place in town.places:
        if place.actor_name == "users":
            place.turn([], town.clock.now_ms())
    town.run()
    assert set(town.steps("dropped")) == {"dropped surge"}
    assert not town.orders


def test_what_is_usual_is_learned() -> None:
    """Given 30 in the same hour of three days, when 151 come on the fourth, then it pauses, and the alert says so."""
    town = a_town(SurgeRule(at_least=20))
    noon_ms = hour_of(town.clock.at_ms)
    pour(town, 1)
    for day in (1, 2, 3):
        town.clock.at_ms = noon_ms + day * DAY_MS + 60_000
        pour(town, 30)
        assert standing(town)[0] is Status.LIVE
    town.clock.at_ms = noon_ms + 4 * DAY_MS + 60_000
    pour(town, 150)
    assert standing(town)[0] is Status.LIVE
    pour(town, 5)
    assert standing(town)[:2] == (Status.PAUSED, "surge")
    (alert,) = alerts(town)
    assert isinstance(alert.happening, Surged)
    assert (alert.happening.usual, alert.happening.days) == (30.0, 3)
    assert alert.happening.hour_ms == noon_ms + 4 * DAY_MS


@pytest.mark.parametrize("seed", range(3))
def test_a_campaign_that_ends_because_its_total_is_used_up_tells_its_owner_once(seed: int) -> None:
    campaign = msgspec.structs.replace(a_campaign(None), limits=Limits(total=5))
    town = Town([campaign], seed=seed, answer=accepts)
    town.feed(users(town, 20))
    town.run(crashes=0.2)
    for _ in range(8):
        town.look(1)
    assert town.status("c") is Status.ENDED
    assert [each.happening for each in alerts(town)] == [LimitReached(5)]


def test_whoever_comes_while_it_has_paused_itself_is_told_so() -> None:
    """Given a campaign that has paused itself, then its explanation says `surge`, and not that somebody paused it."""
    flow = Flow([a_campaign()])
    fixed = FixedCatalog([a_campaign()], flow.rules, Status.PAUSED).catalog
    flow.catalog.catalog = Catalog(fixed.plans, fixed.current, surging=frozenset({"c"}))
    device = {"id": "d", "type": "android", "token": "t"}
    flow.feed([{"type": "track", "event": "go", "userId": "u1", "messageId": "m", "timestamp": 1_700_000_000,
                "context": {"device": device}}])  # fmt: skip
    found = explained(flow, "c")
    assert found.reason == "surge"
    assert "paused itself" in found.sentence


@pytest.mark.parametrize("rule", [None, SurgeRule(), SurgeRule(at_least=10_000, expected=1)])
def test_it_goes_on_where_it_should(rule: SurgeRule | None) -> None:
    """Given no breaker, or nothing known of its usual rate, or fewer than count, then 200 are 200."""
    town = a_town(rule)
    pour(town, 200)
    town.look(HOUR_MS / 1000)
    assert standing(town)[0] is Status.LIVE
    assert len(town.steps("qualified")) == 200
    assert alerts(town) == []
