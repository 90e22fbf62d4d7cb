"""Campaigns that are live from the start of a replay."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.catalog import make_plan
from app.domain.model.campaign import Campaign, Segment, Status
from app.domain.rules.plan import Catalog
from app.domain.rules.segments import without_cycles
from app.domain.rules.who import Who


def catalog_of(campaigns: Sequence[Campaign], segments: Sequence[Segment] = ()) -> Catalog:
    """These campaigns, live in their first version, among these saved segments."""
    plans = {(campaign.id, 1): make_plan(campaign, 1) for campaign in campaigns}
    live = {campaign.id: (Status.LIVE, 1) for campaign in campaigns}
    sound = without_cycles({each.name: each.who for each in segments})
    return Catalog(plans, live, {name: Who(who) for name, who in sound.items()})


def not_live(catalog: Catalog) -> Catalog:
    """The same campaigns before they are live: nothing starts, and whatever they ask about is known by then."""
    return Catalog(catalog.plans, {}, catalog.segments, catalog.counted)
