"""C152 as figures: the terms of both sums by campaign, and an alert that fires where they do not add up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from app.web.campaign_figures import CAMPAIGNS, OTHER
from tests.app.web.asking import Client
from tests.app.web.makers import counts
from tests.app.web.rig import Rig
from tests.app.web.test_metrics import scrape
from tests.docs.test_alerts import rules

Figures = Mapping[tuple[str, tuple[tuple[str, str], ...]], float]
WHOLE: dict[str, Any] = {
    "qualified": 30,
    "held_now": 3,
    "sent": 20,
    "accepted": 15,
    "inbox": 2,
    "failed": {"expired": 1, "cut_off": 2},
    "dropped": {"user_cap": 4, "cut_off": 1},
}
COMPARED = re.compile(r"(max|min) by \(campaign\) \((\w+)\) (!=|<) 0")


def terms(found: Figures, campaign: str = "cart") -> Counter[str]:
    """How many user-messages are in each place, over all reasons."""
    told: Counter[str] = Counter()
    for (name, labels), value in found.items():
        named = dict(labels)
        if name == "carillon_user_messages" and named["campaign"] == campaign:
            told[named["place"]] += int(value)
    return told


def fires(found: Figures) -> set[str]:
    """For which campaigns the alert's own expression holds."""
    (rule,) = (each for each in rules() if each["alert"] == "CarillonConservationGap")
    compared = COMPARED.findall(rule["expr"])
    assert re.sub(r"\s+or\s+", "", COMPARED.sub("", rule["expr"])).strip() == ""
    assert len(compared) == 2
    campaigns: set[str] = set()
    for _, metric, sign in compared:
        for (name, labels), value in found.items():
            if name == metric and (value != 0 if sign == "!=" else value < 0):
                campaigns.add(dict(labels)["campaign"])
    return campaigns


async def test_the_terms_of_both_sums_are_told_by_campaign(client: Client, rig: Rig) -> None:
    """Given messages in every place, then both equations hold over the figures alone, and nothing alarms."""
    counts(rig, **WHOLE)
    found = await scrape(client)
    at = terms(found)
    assert at["qualified"] == at["sent"] + at["inbox_only"] + at["dropped"] + at["held"]
    assert at["sent"] == at["accepted"] + at["failed"] + at["on_their_way"]
    assert (at["dropped"], at["failed"], at["on_their_way"]) == (5, 3, 2)
    reasons = {
        (labels[1][1], labels[2][1]): value
        for (name, labels), value in found.items()
        if name == "carillon_user_messages" and labels[2][1]
    }
    assert reasons["dropped", "cut_off"] == 1
    assert reasons["failed", "cut_off"] == 2
    assert fires(found) == set()


@pytest.mark.parametrize("spoilt", [{"qualified": 31}, {"qualified": 29}, {"accepted": 18}, {"held_now": -1}])
async def test_the_alert_fires_where_a_sum_misses_something(
    client: Client, rig: Rig, spoilt: dict[str, int]
) -> None:
    """Given one message too many or too few in any term, then the alert names the campaign, and no other."""
    counts(rig, **(WHOLE | spoilt))
    counts(rig, campaign="sound", **WHOLE)
    assert fires(await scrape(client)) == {"cart"}


async def test_gaps_of_small_campaigns_do_not_hide_one_another(client: Client, rig: Rig) -> None:
    """Given two campaigns that are counted together, of which one misses what the other has too much, then it fires."""
    for number in range(CAMPAIGNS):
        counts(rig, campaign=f"c{number}", qualified=100, sent=100)
    counts(rig, campaign="y", qualified=3, sent=2)
    counts(rig, campaign="z", qualified=2, sent=3)
    assert fires(await scrape(client)) == {OTHER}
