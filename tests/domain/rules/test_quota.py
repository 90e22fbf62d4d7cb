"""Limits lent out and taken back (C026): never more than there is, never short of it while somebody waits."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from app.domain.model.campaign import Limits
from app.domain.model.quota import FOR_GOOD, Lease, Loan, Quota, Report, Word
from app.domain.model.reason import Reason
from app.domain.rules import lease as borrowing
from app.domain.rules import quota as lending
from app.domain.rules.quota import deal

PARTITIONS = 3
CAMPAIGN = "c"


class Partition:
    """A users partition with a campaign's messages: each waits, is in flight, or has ended."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.lease = Lease()
        self.waiting: deque[int] = deque()
        self.flying = 0
        self.reached = self.refused = 0

    def qualify(self, limits: Limits) -> None:
        share = borrowing.enter(self.lease, FOR_GOOD, limits)
        if share.available:
            self._send()
        elif share.spent is not None:
            self.refused += 1
        else:
            self.waiting.append(borrowing.join(share))

    def _send(self) -> None:
        borrowing.take(borrowing.share_of(self.lease, FOR_GOOD))
        self.flying += 1

    def end(self, *, reached: bool) -> None:
        self.flying -= 1
        self.reached += reached
        borrowing.settle(self.lease, FOR_GOOD, used=reached)

    def cancel(self) -> None:
        """The first who waits waits no more; their number is still in the queue."""
        self.waiting.popleft()

    def hear(self, loan: Loan) -> None:
        borrowing.heed(borrowing.share_of(self.lease, FOR_GOOD), loan, waits_for_it=True)

    def finish(self) -> Report | None:
        """Call up whoever can be, then say what the coordinator must hear."""
        share = borrowing.share_of(self.lease, FOR_GOOD)
        while share.serving or borrowing.calls(share):
            share.serving -= 1
            if borrowing.is_up(share):
                self._serve(*borrowing.leave(share))
        return borrowing.report(CAMPAIGN, self.number, FOR_GOOD, share)

    def _serve(self, number: int, refused: Reason | None) -> None:
        if not self.waiting or self.waiting[0] != number:
            return
        self.waiting.popleft()
        if refused is None:
            self._send()
        else:
            self.refused += 1


class Lending(RuleBasedStateMachine):
    """A coordinator and its partitions; mail between two of them is in order, and comes whenever it comes."""

    @initialize(total=st.integers(1, 40))
    def begin(self, total: int) -> None:
        self.limits = Limits(total)
        self.quota = Quota()
        self.partitions = [Partition(number) for number in range(PARTITIONS)]
        self.up: list[deque[Report]] = [deque() for _ in self.partitions]
        self.down: list[deque[Loan]] = [deque() for _ in self.partitions]

    def _finish(self, partition: Partition) -> None:
        report = partition.finish()
        if report is not None:
            self.up[partition.number].append(report)

    @rule(number=st.integers(0, PARTITIONS - 1), count=st.integers(1, 12))
    def qualify(self, number: int, count: int) -> None:
        for _ in range(count):
            self.partitions[number].qualify(self.limits)
        self._finish(self.partitions[number])

    @rule(number=st.integers(0, PARTITIONS - 1), reached=st.booleans())
    def end(self, number: int, reached: bool) -> None:
        if self.partitions[number].flying:
            self.partitions[number].end(reached=reached)
            self._finish(self.partitions[number])

    @rule(number=st.integers(0, PARTITIONS - 1))
    def cancel(self, number: int) -> None:
        if self.partitions[number].waiting:
            self.partitions[number].cancel()

    @rule(numbers=st.lists(st.integers(0, PARTITIONS - 1), max_size=6))
    def coordinate(self, numbers: list[int]) -> None:
        """A turn of the coordinator over some of the mail."""
        for number in numbers:
            if self.up[number]:
                lending.note(self.quota, self.up[number].popleft())
        for letter in lending.lend(CAMPAIGN, self.quota, self.limits, PARTITIONS):
            self.down[letter.partition].append(letter.loan)

    @rule(number=st.integers(0, PARTITIONS - 1))
    def deliver(self, number: int) -> None:
        if self.down[number]:
            self.partitions[number].hear(self.down[number].popleft())
            self._finish(self.partitions[number])

    @rule(more=st.integers(1, 10))
    def raise_the_total(self, more: int) -> None:
        """Another version; whatever was lent under the one before is void."""
        total = self.limits.total or 0
        if lending.used(self.quota) < total:
            self.limits = Limits(total + more)

    @invariant()
    def never_more_than_there_is(self) -> None:
        if hasattr(self, "limits"):
            gone = sum(each.reached + each.flying for each in self.partitions)
            assert gone <= (self.limits.total or 0)
            assert all(each.lent >= 0 for p in self.quota.periods.values() for each in p.holders.values())

    def teardown(self) -> None:
        """Whoever is left to wait is served: demand is many times the total, and every message ends well."""
        if not hasattr(self, "limits"):
            return
        for number in range(PARTITIONS):
            self.qualify(number, 60)
        for _ in range(400):
            self.coordinate([*range(PARTITIONS)] * 3)
            for number in range(PARTITIONS):
                self.deliver(number)
                while self.partitions[number].flying:
                    self.end(number, reached=True)
        assert sum(each.reached for each in self.partitions) == self.limits.total
        assert not any(each.waiting for each in self.partitions), "somebody waits for what will not come"


TestLending = Lending.TestCase
TestLending.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


@given(left=st.integers(-5, 60), wanting=st.dictionaries(st.integers(0, 9), st.integers(1, 30), max_size=6))
def test_all_that_is_wanted_is_dealt_and_nobody_gets_more_than_they_want(
    left: int, wanting: dict[int, int]
) -> None:
    """Given something left, then all of it is dealt, or all are content."""
    amounts = deal(left, wanting)
    assert sum(amounts.values()) == min(max(0, left), sum(wanting.values()))
    assert all(0 <= amounts[each] <= wanting[each] for each in wanting)


def told(quota: Quota, limits: Limits) -> list[tuple[int, Word, int]]:
    """What the coordinator says."""
    letters = lending.lend(CAMPAIGN, quota, limits, PARTITIONS)
    return [(letter.partition, letter.loan.word, letter.loan.amount) for letter in letters]


def test_one_who_asks_gets_some_ahead_while_there_is_plenty() -> None:
    """Given 120 and 3 partitions, when one wants 1, then it gets 1 and its part of a quarter of the rest."""
    quota = Quota()
    lending.note(quota, Report(CAMPAIGN, 1, FOR_GOOD, wants=1))
    assert told(quota, Limits(120)) == [(1, Word.LENT, 1 + 119 // 12)]


def test_what_one_holds_is_asked_back_once_when_another_waits() -> None:
    """Given all lent to one, when another wants, then the first is asked for it, once, and the other gets it."""
    quota = Quota()
    lending.note(quota, Report(CAMPAIGN, 0, FOR_GOOD, wants=5))
    assert told(quota, Limits(5)) == [(0, Word.LENT, 5)]
    lending.note(quota, Report(CAMPAIGN, 1, FOR_GOOD, wants=2))
    assert told(quota, Limits(5)) == [(0, Word.WANTED_BACK, 0)]
    assert told(quota, Limits(5)) == []
    lending.note(quota, Report(CAMPAIGN, 0, FOR_GOOD, used=3, returned=2))
    assert told(quota, Limits(5)) == [(1, Word.LENT, 2)]


def test_a_day_has_a_number_of_its_own_within_the_total() -> None:
    """Given 10 in all and 4 a day, then 4 on the first day, 4 on the second, 2 on the third (C027)."""
    quota, limits, given_out = Quota(), Limits(10, 4), []
    for day in (1, 2, 3):
        lending.note(quota, Report(CAMPAIGN, 0, day, wants=9))
        (amount,) = [n for _, word, n in told(quota, limits) if word is Word.LENT]
        lending.note(quota, Report(CAMPAIGN, 0, day, used=amount))
        given_out.append(amount)
        reasons = [letter.loan.reason for letter in lending.lend(CAMPAIGN, quota, limits, PARTITIONS)]
        assert reasons[:1] == [Reason.DAILY_LIMIT if day < 3 else Reason.TOTAL_LIMIT]
    assert given_out == [4, 4, 2]


@pytest.mark.parametrize("total", [3, 2])
def test_a_total_that_is_lowered_to_what_is_used_is_reached(total: int) -> None:
    """Given 3 used of 10, when the total is lowered to 3 or fewer, then it is reached, and whoever waits hears it."""
    quota = Quota()
    lending.note(quota, Report(CAMPAIGN, 0, FOR_GOOD, wants=3))
    told(quota, Limits(10))
    lending.note(quota, Report(CAMPAIGN, 0, FOR_GOOD, used=3, wants=1))
    assert lending.is_reached(quota, Limits(total))
    assert told(quota, Limits(total)) == [(0, Word.SPENT, 0)]
