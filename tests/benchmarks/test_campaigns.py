"""The hundred campaigns of the benchmarks are campaigns that Carillon accepts."""

from __future__ import annotations

from app.domain.files.campaign import load
from app.domain.model.campaign import Campaign
from benchmarks.campaigns import COUNT, ON_BUSIEST, as_yaml, campaigns
from benchmarks.clickstream import BUSIEST, WEIGHTS
from benchmarks.latency import CAMPAIGN


def loaded() -> list[Campaign]:
    found = load(as_yaml(campaigns()), app_zone="UTC", amplify_default=False)
    read = [each for each in found if isinstance(each, Campaign)]
    assert len(read) == len(found)
    return read


def test_all_are_accepted() -> None:
    assert len(loaded()) == COUNT


def test_twenty_wait_for_the_busiest_event_and_the_others_for_events_that_come() -> None:
    events = [each.when.event for each in loaded()]
    assert events.count(BUSIEST) == ON_BUSIEST
    assert set(events) == set(WEIGHTS)


def test_every_kind_is_among_them() -> None:
    read = loaded()
    assert all(each.when.where.of for each in read if hasattr(each.when.where, "of"))
    assert any(each.when.unless for each in read)
    assert {each.quiet.then.value for each in read if each.quiet} == {"hold", "drop"}
    assert any(each.ignore_caps for each in read)


def test_no_inaction_is_answered_by_its_own_trigger() -> None:
    assert all(each.when.unless.event != each.when.event for each in loaded() if each.when.unless)


def test_the_campaign_of_latency_is_accepted() -> None:
    found = load(as_yaml([CAMPAIGN]), app_zone="UTC", amplify_default=False)
    assert [each.id for each in found if isinstance(each, Campaign)] == ["bench-latency"]
