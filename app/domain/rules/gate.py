"""What a sender's partition does with its throttle tokens: every change of its gate has a name here (C049).

Lanes are served one after the other, each in the order in which messages joined it. Whoever was called before joined
before everybody who was not, so a message that is tried again goes first: that is oldest first.
"""

from __future__ import annotations

from app.domain.model.throttle import Ask, Gate, Grant

AGAIN, FIRST = 0, 1
"""Lanes of triggered messages. Those of scheduled ones come behind them."""

LANES = 2
MOST_ASKED = 256
ASK_ANEW_MS = 30_000


def waiting(gate: Gate) -> int:
    """How many user-messages wait for a token."""
    return sum(gate.tails) - sum(gate.heads)


def join(gate: Gate, lane: int) -> int:
    """One more waits; the number that they get."""
    while len(gate.tails) < LANES:
        gate.heads.append(0)
        gate.tails.append(0)
    gate.tails[lane] += 1
    return gate.tails[lane] - 1


def first(gate: Gate) -> tuple[int, int] | None:
    """Lane and number of whoever is next; None where nobody waits."""
    for lane, (head, tail) in enumerate(zip(gate.heads, gate.tails, strict=True)):
        if head < tail:
            return lane, head
    return None


def leave(gate: Gate, lane: int, *, is_paid: bool) -> None:
    """The first of this lane waits no more; `is_paid`: a token went for its calls."""
    gate.heads[lane] += 1
    gate.available -= is_paid


def forget(gate: Gate) -> None:
    """There is no throttle: what was asked for will not come, and whatever there is pays for nothing."""
    gate.available = gate.told = gate.look_ms = 0


def marks(gate: Gate) -> tuple[int, ...]:
    """By which one sees whether a turn has changed it."""
    return (*gate.heads, *gate.tails, gate.ends_ms, gate.available, gate.told, gate.look_ms)


def heed(gate: Gate, grant: Grant) -> None:
    """Tokens have come. Those of an interval before the one that is known are void."""
    gate.told = max(0, gate.told - grant.amount)
    if grant.ends_ms > gate.ends_ms:
        gate.ends_ms, gate.opens_ms, gate.closes_ms = grant.ends_ms, grant.opens_ms, grant.closes_ms
        gate.available = 0
    if grant.ends_ms == gate.ends_ms:
        gate.available += grant.amount


def is_open(gate: Gate, now_ms: int) -> bool:
    """Is there a token for a call that leaves now?"""
    return gate.available > 0 and gate.opens_ms <= now_ms < gate.closes_ms


def let_go(gate: Gate, now_ms: int) -> int:
    """Drop what is void; how many tokens are not needed and go back, while their interval lasts."""
    if gate.available and now_ms >= gate.closes_ms:
        gate.available = 0
    unused = max(0, gate.available - waiting(gate))
    gate.available -= unused
    return unused


def ask(gate: Gate, transport: str, partition: int, now_ms: int) -> Ask | None:
    """What the coordinator must hear, if anything; from now on it counts as told.

    Whoever has waited long without a word asks anew, for all: a coordinator that began again knows nothing of it.
    """
    unused = let_go(gate, now_ms)
    if gate.look_ms and gate.look_ms <= now_ms:
        gate.told = 0
    is_anew = not gate.told
    wants = min(waiting(gate), MOST_ASKED) - gate.available - gate.told
    gate.told += max(0, wants)
    if not waiting(gate):
        gate.look_ms = 0
    elif wants > 0 or gate.look_ms <= now_ms:
        gate.look_ms = now_ms + ASK_ANEW_MS
    if wants <= 0 and not unused:
        return None
    is_anew = is_anew and wants > 0
    return Ask(transport, partition, max(0, wants), is_anew, unused, gate.ends_ms if unused else 0)
