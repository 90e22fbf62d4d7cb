"""What the users actor holds of limited campaigns: the leases, and who waits for their turn."""

from __future__ import annotations

from app.domain.model.quota import Lease, Waiter
from app.turns.table import Table

LEASES = Table("leases", b"\x18", Lease)
WAITERS = Table("waiters", b"\x19", Waiter)
TABLES = (LEASES, WAITERS)


def waiter_key(campaign: str, period: int, number: int) -> bytes:
    """The key of the one with this number in a campaign's queue."""
    return campaign.encode() + b"\x00" + period.to_bytes(8, "big") + number.to_bytes(8, "big")
