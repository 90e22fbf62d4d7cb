"""Makes a campaign ready to decide."""

from __future__ import annotations

from app.domain import compose
from app.domain.model.campaign import Campaign
from app.domain.rules.plan import Plan


def make_plan(campaign: Campaign, version: int) -> Plan:
    """Compile conditions and templates of one version. Raises ValueError for what reading would have refused."""
    return Plan(campaign, version, compose.compile_content(campaign))
