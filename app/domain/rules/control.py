"""Control groups: users who get nothing, so that what a campaign does can be told from what happens anyway (C159)."""

from __future__ import annotations

from hashlib import blake2b

WHOLE = 10_000


def is_in_control(campaign: str, user: str, share: int) -> bool:
    """Is this user one of the `share` in 10,000? Always the same answer; a larger share keeps all of a smaller."""
    if share <= 0:
        return False
    name = f"control\x00{campaign}\x00{user}".encode("utf-8", "surrogatepass")
    place = int.from_bytes(blake2b(name, digest_size=8).digest(), "big")
    return place * WHOLE < share << 64
