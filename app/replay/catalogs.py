"""Campaigns that are live from the start of a replay."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.catalog import make_plan
from app.domain.model.campaign import Campaign, Status
from app.domain.rules.plan import Catalog


def catalog_of(campaigns: Sequence[Campaign]) -> Catalog:
    """These campaigns, live in their first version."""
    plans = {(campaign.id, 1): make_plan(campaign, 1) for campaign in campaigns}
    return Catalog(plans, {campaign.id: (Status.LIVE, 1) for campaign in campaigns})


def not_live(catalog: Catalog) -> Catalog:
    """The same campaigns before they are live: nothing starts, and whatever they ask about is known by then."""
    return Catalog(catalog.plans, {})
