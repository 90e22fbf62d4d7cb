"""The time in which a campaign may qualify anybody: [starts, ends), each side open where it is not given
(C034).
"""

from __future__ import annotations

from app.domain.model.campaign import Campaign


def is_within(campaign: Campaign, now_ms: int) -> bool:
    """True where `now_ms` is not before the start and before the end."""
    if campaign.starts_ms is not None and now_ms < campaign.starts_ms:
        return False
    return campaign.ends_ms is None or now_ms < campaign.ends_ms
