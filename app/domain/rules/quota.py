"""How the coordinator lends a campaign's limits out (C026, C027): never more than there is, and all that is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from app.domain.model.campaign import Limits
from app.domain.model.quota import Holder, Loan, Period, Quota, Report, Word
from app.domain.model.reason import Reason

AHEAD = 4  # a partition that asks gets, beyond what it asks for, its part of a quarter of what is left
MOST_AHEAD = 1000
PLENTY = 1 << 62


class Letter(NamedTuple):
    """A loan, and to which users partition."""

    partition: int
    loan: Loan


def note(quota: Quota, report: Report) -> None:
    """Take in what a users partition says."""
    period = quota.periods.get(report.period)
    if period is None:
        period = quota.periods[report.period] = Period()
    holder = period.holders.get(report.partition)
    if holder is None:
        holder = period.holders[report.partition] = Holder()
    period.used += report.used
    holder.lent -= report.used + report.returned
    holder.wants = max(0, holder.wants + report.wants)


def used(quota: Quota) -> int:
    """How many users were reached, over all periods."""
    return sum(period.used for period in quota.periods.values())


def lent(quota: Quota) -> int:
    """How many are lent out and not accounted for."""
    return sum(holder.lent for period in quota.periods.values() for holder in period.holders.values())


def is_reached(quota: Quota, limits: Limits) -> bool:
    """Is the total used up for good?"""
    return limits.total is not None and used(quota) >= limits.total


def is_wanted(quota: Quota) -> bool:
    """Does anybody wait for more?"""
    return any(holder.wants for period in quota.periods.values() for holder in period.holders.values())


def send_away(campaign: str, quota: Quota, *, everybody: bool) -> list[Letter]:
    """It is not for the limit that anybody waits; `everybody`: those who hold something hear it, too."""
    letters = []
    for number, period in quota.periods.items():
        for partition, holder in sorted(period.holders.items()):
            if holder.wants or everybody:
                holder.wants = 0
                letters.append(Letter(partition, Loan(campaign, number, Word.AGAIN)))
    _forget(quota)
    return letters


def lend(campaign: str, quota: Quota, limits: Limits, partitions: int) -> list[Letter]:
    """Answer everybody who wants something, as far as there is something; ask those who hold it for the rest."""
    letters: list[Letter] = []
    left = PLENTY if limits.total is None else limits.total - used(quota) - lent(quota)
    all_hungry = False
    for number, period in sorted(quota.periods.items(), reverse=True):
        lender = _Lender(campaign, number, period, limits, partitions)
        reason = _spent(quota, period, limits)
        if reason is not None:
            letters += lender.refuse(reason)
            continue
        before = sum(holder.lent for holder in period.holders.values())
        letters += lender.lend(left)
        left -= sum(holder.lent for holder in period.holders.values()) - before
        is_hungry = any(holder.wants for holder in period.holders.values())
        all_hungry = all_hungry or (is_hungry and left <= 0)
        if is_hungry:
            letters += lender.want_back()
    if all_hungry:
        for number, period in quota.periods.items():
            letters += _Lender(campaign, number, period, limits, partitions).want_back()
    _forget(quota)
    return letters


def _spent(quota: Quota, period: Period, limits: Limits) -> Reason | None:
    if is_reached(quota, limits):
        return Reason.TOTAL_LIMIT
    return Reason.DAILY_LIMIT if limits.daily is not None and period.used >= limits.daily else None


def _forget(quota: Quota) -> None:
    """Who holds nothing and wants nothing; how much was used stays, of every day."""
    for period in quota.periods.values():
        period.holders = {p: holder for p, holder in period.holders.items() if holder.lent or holder.wants}


class _Lender:
    """One campaign's one period."""

    def __init__(self, campaign: str, number: int, period: Period, limits: Limits, partitions: int) -> None:
        self._campaign = campaign
        self._number = number
        self._period = period
        self._limits = limits
        self._partitions = partitions

    def _letter(
        self,
        partition: int,
        word: Word,
        amount: int = 0,
        reason: Reason | None = None,
        *,
        scarce: bool = False,
    ) -> Letter:
        limits = self._limits
        loan = Loan(self._campaign, self._number, word, amount, scarce, reason, limits.total, limits.daily)
        return Letter(partition, loan)

    def refuse(self, reason: Reason) -> Iterator[Letter]:
        """Nothing will come any more: whoever waits hears it, and once whoever holds something."""
        for partition, holder in sorted(self._period.holders.items()):
            if holder.wants or not holder.scarce:
                holder.wants, holder.scarce = 0, True
                yield self._letter(partition, Word.SPENT, reason=reason)

    def lend(self, left: int) -> list[Letter]:
        """As many as are wanted, or equal parts; and some ahead, while there is plenty."""
        period, limits = self._period, self._limits
        if limits.daily is not None:
            held = sum(holder.lent for holder in period.holders.values())
            left = min(left, limits.daily - period.used - held)
        wanting = {partition: holder.wants for partition, holder in period.holders.items() if holder.wants}
        amounts = deal(left, wanting)
        is_scarce = sum(amounts.values()) < sum(wanting.values())
        spare = max(0, left - sum(amounts.values()))
        ahead = 0 if is_scarce else min(MOST_AHEAD, spare // (AHEAD * self._partitions))
        letters = []
        for partition, amount in sorted(amounts.items()):
            if amount:
                holder = period.holders[partition]
                holder.lent += amount + ahead
                holder.wants -= amount
                holder.scarce = is_scarce
                letters.append(self._letter(partition, Word.LENT, amount + ahead, scarce=is_scarce))
        return letters

    def want_back(self) -> Iterator[Letter]:
        """Whoever holds something and waits for nothing is asked, once, for what is free of it."""
        for partition, holder in sorted(self._period.holders.items()):
            if holder.lent and not holder.wants and not holder.scarce:
                holder.scarce = True
                yield self._letter(partition, Word.WANTED_BACK)


def deal(left: int, wanting: dict[int, int]) -> dict[int, int]:
    """Equal parts of what is left, nobody more than they want, all of it where enough is wanted."""
    amounts = dict.fromkeys(wanting, 0)
    hungry = sorted(wanting)
    while left > 0 and hungry:
        part, more = divmod(left, len(hungry))
        for place, partition in enumerate(hungry):
            amount = min(part + (place < more), wanting[partition] - amounts[partition])
            amounts[partition] += amount
            left -= amount
        hungry = [partition for partition in hungry if amounts[partition] < wanting[partition]]
    return amounts
