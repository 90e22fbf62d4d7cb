"""When a send is tried again: exponential with full jitter, until the attempts or the time to live are used
up.

The jitter is a keyed hash, so the same attempt of the same message is always due at the same time (C156).
"""

from __future__ import annotations

from hashlib import blake2b

from msgspec import Struct

from app.domain.model.reason import Reason


class Patience(Struct, frozen=True):
    """The shortest wait, the longest that the exponent reaches, and how often a message is tried in all."""

    base_ms: int = 10_000
    longest_ms: int = 900_000
    attempts: int = 6


PATIENCE = Patience()


class RetryAt(Struct, frozen=True):
    """Try again at this time."""

    due_ms: int


class GiveUp(Struct, frozen=True):
    """Never again: `retries_exhausted`; `expired` or `cut_off` where the next attempt would be after the time to live
    or the cut-off.
    """

    reason: Reason


def next_attempt(
    *,
    key: str,
    attempts_made: int,
    now_ms: int,
    after_ms: int | None = None,
    expires_ms: int | None = None,
    not_after_ms: int | None = None,
    patience: Patience = PATIENCE,
) -> RetryAt | GiveUp:
    """What follows the failed attempt number `attempts_made` (1 is the first).

    The wait is drawn from [base, min(longest, base * 2^n)] by a hash of `key` (message and device) and the
    attempt: full jitter over all that lies above the shortest wait. `after_ms` is the service's own wish, and
    is never undercut. At `expires_ms` (the time to live) and `not_after_ms` (the cut-off) and later nothing is tried.
    """
    if attempts_made < 1:
        raise ValueError("attempts_made counts from 1")
    if attempts_made >= patience.attempts:
        return GiveUp(Reason.RETRIES_EXHAUSTED)
    shortest_ms = patience.base_ms if after_ms is None else after_ms
    doublings = attempts_made if after_ms is None else attempts_made - 1
    ceiling_ms = max(shortest_ms, min(patience.longest_ms, shortest_ms << doublings))
    due_ms = now_ms + shortest_ms + int((ceiling_ms - shortest_ms) * _share(key, attempts_made))
    if not_after_ms is not None and due_ms >= not_after_ms:
        return GiveUp(Reason.CUT_OFF)
    if expires_ms is not None and due_ms >= expires_ms:
        return GiveUp(Reason.EXPIRED)
    return RetryAt(due_ms)


def _share(key: str, attempt: int) -> float:
    """A number in [0, 1) that looks random and is always the same for the same arguments."""
    digest = blake2b(f"{key}\x00{attempt}".encode("utf-8", "surrogatepass"), digest_size=6).digest()
    return int.from_bytes(digest, "big") / (1 << 48)
