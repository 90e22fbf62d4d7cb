"""What a users partition does with its share of a campaign's limit (C026): every change of a share has a name here."""

from __future__ import annotations

from operator import itemgetter
from typing import Protocol

from app.domain.model.campaign import Limits
from app.domain.model.quota import FOR_GOOD, NOT_COUNTED, Lease, Loan, Report, Share, Word
from app.domain.model.reason import Reason

MOST_TOLD = 1000
CALLED_UP = 500
FAR_MS = 253_402_300_799_000  # the end of the year 9999: no timer fires


class Leases(Protocol):
    """The leases of whoever decides."""

    def of(self, campaign: str) -> Lease:
        """The live lease; it may be changed in place until the step ends."""

    def ask(self, campaign: str, period: int, limits: Limits) -> None:
        """Nothing is free: see that more comes, now or later."""

    def wait(self, campaign: str, period: int, user: str, message_id: str) -> None:
        """This message waits for its turn."""


class AllHere:
    """Leases of one who holds every limit whole: a replay, in which nobody else sends."""

    def __init__(self) -> None:
        self._leases: dict[str, Lease] = {}

    def of(self, campaign: str) -> Lease:
        """The lease of a campaign."""
        return self._leases.setdefault(campaign, Lease())

    def ask(self, campaign: str, period: int, limits: Limits) -> None:
        """Whatever is left is free at once; where nothing is, nothing will come."""
        lease = self.of(campaign)
        share, gone = share_of(lease, period), {p: s.used + s.in_flight for p, s in lease.shares.items()}
        left = []
        if limits.total is not None:
            left.append((limits.total - sum(gone.values()), Reason.TOTAL_LIMIT))
        if limits.daily is not None:
            left.append((limits.daily - gone[period], Reason.DAILY_LIMIT))
        amount, reason = min(
            left, key=itemgetter(0)
        )  # where both are used up, the total is: it ends the campaign
        share.total, share.daily = limits.total, limits.daily
        share.available, share.spent = max(0, amount), None if amount > 0 else reason

    def wait(self, campaign: str, period: int, user: str, message_id: str) -> None:
        """Nobody waits: what is not there will not come."""
        raise ValueError(f"{message_id} cannot wait for {campaign}")


def share_of(lease: Lease, period: int) -> Share:
    """The share of a period, made where there is none."""
    share = lease.shares.get(period)
    if share is None:
        share = lease.shares[period] = Share()
    return share


def enter(lease: Lease, period: int, limits: Limits) -> Share:
    """The share from which a message of now takes: those of other periods, and one of other limits, are given back.

    Who still waits for an earlier day is refused; who waits under another kind of limit is judged again.
    """
    for other, share in lease.shares.items():
        if other != period and (other < period or period == FOR_GOOD):
            hand_back(share)
            if FOR_GOOD not in {other, period}:
                share.spent = Reason.DAILY_LIMIT
            elif share.head < share.tail:
                share.again_to = share.tail
    share = share_of(lease, period)
    if (share.total, share.daily) != (limits.total, limits.daily):
        hand_back(share)
        share.spent = None
    return share


def hand_back(share: Share) -> None:
    """Whatever is free goes back to the coordinator."""
    share.returned += share.available
    share.available = 0


def take(share: Share) -> None:
    """One message takes one. Raises ValueError where none is free."""
    if share.available < 1:
        raise ValueError("nothing is free")
    share.available -= 1
    share.in_flight += 1


def settle(lease: Lease, period: int, *, used: bool) -> None:
    """A message that took one has ended: it has reached its user, or it never will."""
    if period == NOT_COUNTED:
        return
    share = share_of(lease, period)
    share.in_flight -= 1
    if used:
        share.used += 1
    elif period == max(lease.shares):
        share.available += 1
    else:
        share.returned += 1


def heed(share: Share, loan: Loan, *, waits_for_it: bool) -> None:
    """Take in what the coordinator says. `waits_for_it`: by what is in force here, the campaign is live and limited."""
    match loan.word:
        case Word.LENT:
            share.available += loan.amount
            share.told = max(0, share.told - loan.amount)
            share.scarce, share.spent = loan.scarce, None
            share.total, share.daily = loan.total, loan.daily
        case Word.WANTED_BACK:
            share.scarce = True
        case Word.SPENT:
            hand_back(share)
            share.told, share.scarce, share.spent = 0, True, loan.reason
            share.total, share.daily = loan.total, loan.daily
        case Word.AGAIN:
            share.told = 0
            if not waits_for_it:
                hand_back(share)
                share.again_to = share.tail


def join(share: Share) -> int:
    """One more waits; the number that they get."""
    share.tail += 1
    return share.tail - 1


def is_up(share: Share) -> bool:
    """May the first who waits be decided on?"""
    is_waiting = share.head < share.tail
    return is_waiting and (share.available > 0 or share.spent is not None or share.head < share.again_to)


def leave(share: Share) -> tuple[int, Reason | None]:
    """The first who waits leaves the queue: their number, and why they are refused, if they are."""
    refused = None if share.available > 0 or share.head < share.again_to else share.spent
    share.head += 1
    return share.head - 1, refused


def calls(share: Share) -> int:
    """How many are to be called up now; they are counted as called up."""
    if share.serving or not is_up(share):
        return 0
    waiting = share.tail - share.head
    free = waiting if share.spent is not None else max(share.available, share.again_to - share.head)
    share.serving = min(waiting, free, CALLED_UP)
    return share.serving


def report(campaign: str, partition: int, period: int, share: Share) -> Report | None:
    """What the coordinator must hear of this share, if anything; from now on it counts as told."""
    if share.scarce and share.head == share.tail:
        hand_back(share)
    wants = _wants(share) - share.told
    if wants > 0:
        wants = max(0, min(wants, MOST_TOLD - share.told))
    elif not (share.used or share.returned or _wants(share) == 0):
        wants = 0
    if not (share.used or share.returned or wants):
        return None
    told = Report(campaign, partition, period, share.used, share.returned, wants)
    share.told += wants
    share.used = share.returned = 0
    return told


def _wants(share: Share) -> int:
    if share.spent is not None:
        return 0
    return max(0, share.tail - max(share.head, share.again_to) - share.available)


def is_over(share: Share) -> bool:
    """Is there nothing left of it that anybody must remember?"""
    counted = share.available or share.in_flight or share.used or share.returned or share.told
    return not (counted or share.serving or share.head < share.tail)
