"""Throttle tokens (C049-C051, C154): never more than N in an aligned interval, all N where demand is enough, paced."""

from __future__ import annotations

from collections import Counter, deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from app.domain.model.app_rules import Throttle
from app.domain.model.throttle import Ask, Gate, Grant, Lending
from app.domain.rules import gate as gates
from app.domain.rules import throttle as lending

MINUTE_MS = 60_000
NOON_MS = 1_795_435_200_000  # 2026-11-23T12:00Z
PARTITIONS = 4


class World:
    """One coordinator, senders that keep what they journaled, and mail that comes once, in order, some day."""

    def __init__(self, throttle: Throttle, now_ms: int = NOON_MS, partitions: int = PARTITIONS) -> None:
        self.throttle = throttle
        self.now_ms = now_ms
        self.lending = Lending()
        self.gates = [Gate() for _ in range(partitions)]
        self.asks: deque[Ask] = deque()
        self.grants: list[deque[Grant]] = [deque() for _ in range(partitions)]
        self.calls: list[tuple[int, int]] = []

    def demand(self, partition: int, amount: int) -> None:
        for _ in range(amount):
            gates.join(self.gates[partition], gates.FIRST)

    def serve(self, partition: int, room: int = 64) -> None:
        """One turn of a sender: calls, then what it says."""
        gate = self.gates[partition]
        for _ in range(room):
            place = gates.first(gate)
            if place is None or not gates.is_open(gate, self.now_ms):
                break
            gates.leave(gate, place[0], is_paid=True)
            self.calls.append((self.now_ms, partition))
        asked = gates.ask(gate, "fcm", partition, self.now_ms)
        if asked is not None:
            self.asks.append(asked)

    def hear(self) -> None:
        """The coordinator takes one letter in, or only looks."""
        if self.asks:
            lending.note(self.lending, self.asks.popleft())
        for letter in lending.lend(self.lending, self.throttle, self.now_ms):
            self.grants[letter.partition].append(letter.grant)

    def deliver(self, partition: int) -> None:
        if self.grants[partition]:
            gates.heed(self.gates[partition], self.grants[partition].popleft())

    def run(self, until_ms: int, step_ms: int, room: int = 64) -> None:
        """Time passes; every letter takes at most a step."""
        while self.now_ms < until_ms:
            for partition in range(len(self.gates)):
                while self.grants[partition]:
                    self.deliver(partition)
                self.serve(partition, room)
            self.hear()
            while self.asks:
                self.hear()
            self.now_ms += step_ms

    def by_interval(self) -> Counter[int]:
        every_ms = self.throttle.every_ms
        return Counter(at_ms - at_ms % every_ms for at_ms, _ in self.calls)


def test_half_a_million_at_a_hundred_thousand_a_quarter_take_five_quarters() -> None:
    """C049: given 500,000 at noon and 100,000 per 15 min, then the last leaves in the fifth quarter, and not before."""
    world = World(Throttle(100_000, 15 * MINUTE_MS), partitions=2)
    world.demand(0, 260_000)
    world.demand(1, 240_000)
    world.run(NOON_MS + 90 * MINUTE_MS, 500, room=256)
    assert len(world.calls) == 500_000
    assert dict(world.by_interval()) == {NOON_MS + n * 15 * MINUTE_MS: 100_000 for n in range(5)}
    assert 60 * MINUTE_MS < world.calls[-1][0] - NOON_MS < 75 * MINUTE_MS


def test_it_is_paced_over_the_interval() -> None:
    """C051: given more demand than there is, then no minute of the quarter has more than a tenth above its part."""
    world = World(Throttle(9_000, 15 * MINUTE_MS))
    for partition in range(PARTITIONS):
        world.demand(partition, 5_000)
    world.run(NOON_MS + 15 * MINUTE_MS, 250)
    minutes = Counter((at_ms - NOON_MS) // MINUTE_MS for at_ms, _ in world.calls)
    assert sum(minutes.values()) == 9_000
    assert max(minutes.values()) < 1.1 * 9_000 / 15
    assert min(minutes[minute] for minute in range(14)) > 0.8 * 9_000 / 15


def test_demand_that_comes_late_in_an_interval_is_no_burst() -> None:
    """Given demand in the last fifth only, then no second takes more than four times its even part."""
    world = World(Throttle(9_000, 15 * MINUTE_MS))
    world.run(NOON_MS + 12 * MINUTE_MS, 1000)
    world.demand(0, 9_000)
    world.run(NOON_MS + 15 * MINUTE_MS, 250, room=2_000)
    seconds = Counter(at_ms // 1000 for at_ms, _ in world.calls)
    assert max(seconds.values()) <= 2 * lending.BURST * 11
    assert 3_000 < len(world.calls) <= 9_000


@pytest.mark.parametrize("most", [1, 2, 3, 7])
def test_a_few_an_interval_all_leave_and_nobody_is_always_first(most: int) -> None:
    world = World(Throttle(most, 4_000), NOON_MS)
    for partition in range(PARTITIONS):
        world.demand(partition, 100)
    world.run(NOON_MS + 40 * 4_000, 50)
    assert set(world.by_interval().values()) == {most}
    shares = Counter(partition for _, partition in world.calls)
    assert max(shares.values()) - min(shares[partition] for partition in range(PARTITIONS)) <= most


def test_an_unhurried_message_leaves_at_once() -> None:
    """Given little demand, then the first of each slice leaves as soon as it has asked."""
    world = World(Throttle(3, 4_000), NOON_MS + 1_000)
    world.demand(2, 1)
    world.run(NOON_MS + 1_100, 10)
    assert len(world.calls) == 1


def test_calls_keep_away_from_the_borders() -> None:
    """Clocks differ and ways take time: nothing leaves within a twentieth (at most a second) of a border."""
    world = World(Throttle(1_000, 4_000))
    world.demand(0, 10_000)
    world.run(NOON_MS + 40_000, 10)
    assert {at_ms % 4_000 // 200 for at_ms, _ in world.calls} <= set(range(1, 19))


def test_tokens_are_void_when_their_interval_closes() -> None:
    gate = Gate()
    gates.join(gate, gates.FIRST)
    gates.heed(gate, Grant(4_000, 200, 3_800, 5))
    assert not gates.is_open(gate, 199)
    assert gates.is_open(gate, 200)
    assert not gates.is_open(gate, 3_800)
    assert gates.let_go(gate, 3_800) == 0
    gates.heed(gate, Grant(8_000, 4_200, 7_800, 1))
    gates.heed(gate, Grant(4_000, 200, 3_800, 3))
    assert gate.available == 1


def test_a_change_holds_from_the_next_interval_on_and_counts_what_it_reaches_back_to() -> None:
    """Given 15 minutes that become an hour, then the hour counts what its last quarter lent."""
    known = Lending()
    quarter, hour = Throttle(10, 15 * MINUTE_MS), Throttle(25, 60 * MINUTE_MS)
    lending.note(known, Ask("fcm", 0, 1_000))
    at_ms = NOON_MS + 15 * MINUTE_MS
    _all(known, quarter, at_ms, at_ms + 3 * MINUTE_MS)
    before = known.lent
    _all(known, hour, at_ms + 3 * MINUTE_MS, at_ms + 15 * MINUTE_MS)
    assert (before, known.lent, known.max) == (3, 10, 10)  # 180 s of 868, rounded up
    _all(known, hour, at_ms + 15 * MINUTE_MS, NOON_MS + 60 * MINUTE_MS)
    assert (known.lent, known.starts_ms, known.max) == (25, NOON_MS, 25)


def _all(known: Lending, throttle: Throttle, from_ms: int, to_ms: int) -> None:
    for now_ms in range(from_ms, to_ms, 1_000):
        lending.lend(known, throttle, now_ms)


def test_a_clock_that_goes_back_begins_no_interval_twice() -> None:
    known, throttle = Lending(), Throttle(16, 4_000)
    lending.note(known, Ask("fcm", 0, 1_000))
    lending.lend(known, throttle, NOON_MS + 4_300)
    lent = known.lent
    assert lent > 0
    assert lending.lend(known, throttle, NOON_MS + 3_700) == []
    lending.lend(known, throttle, NOON_MS + 4_310)
    assert (known.starts_ms, known.lent) == (NOON_MS + 4_000, lent)


def test_a_coordinator_that_knows_nothing_is_asked_anew() -> None:
    """Given a coordinator that has forgotten who waits, then they ask for all of theirs within half a minute."""
    world = World(Throttle(1_000, 4_000))
    world.demand(0, 5)
    world.serve(0)
    world.asks.clear()
    world.run(NOON_MS + gates.ASK_ANEW_MS - 1_000, 500)
    assert world.calls == []
    world.run(NOON_MS + gates.ASK_ANEW_MS + 4_000, 500)
    assert len(world.calls) == 5


class Throttling(RuleBasedStateMachine):
    """Demand, turns, delays of mail, and time, in any order; a sender that was away comes back with what it had."""

    @initialize(most=st.integers(1, 40), every_ms=st.sampled_from([1_000, 4_000, 60_000]))
    def begin(self, most: int, every_ms: int) -> None:
        self.world = World(Throttle(most, every_ms))

    @rule(partition=st.integers(0, PARTITIONS - 1), amount=st.integers(1, 30))
    def demand(self, partition: int, amount: int) -> None:
        self.world.demand(partition, amount)

    @rule(partition=st.integers(0, PARTITIONS - 1), room=st.integers(0, 64))
    def serve(self, partition: int, room: int) -> None:
        self.world.serve(partition, room)

    @rule(partition=st.integers(0, PARTITIONS - 1))
    def deliver(self, partition: int) -> None:
        self.world.deliver(partition)

    @rule()
    def hear(self) -> None:
        self.world.hear()

    @rule(partition=st.integers(0, PARTITIONS - 1))
    def drop(self, partition: int) -> None:
        """The first who waits is not sent after all (its cut-off came): its place costs no token."""
        gate = self.world.gates[partition]
        place = gates.first(gate)
        if place is not None:
            gates.leave(gate, place[0], is_paid=False)

    @rule(part=st.floats(0.001, 1.5))
    def pass_time(self, part: float) -> None:
        self.world.now_ms += max(1, int(part * self.world.throttle.every_ms))

    @rule(ms=st.integers(1, 150))
    def pass_a_moment(self, ms: int) -> None:
        self.world.now_ms += ms

    @invariant()
    def never_more_than_there_is(self) -> None:
        if hasattr(self, "world"):
            assert max(self.world.by_interval().values(), default=0) <= self.world.throttle.max
            assert 0 <= self.world.lending.lent <= self.world.throttle.max

    def teardown(self) -> None:
        """Whatever was before: with enough demand from here on, the interval after the next is used up."""
        if not hasattr(self, "world"):
            return
        world = self.world
        every_ms = world.throttle.every_ms
        for partition in range(PARTITIONS):
            world.demand(partition, 200)
        begins_ms = world.now_ms - world.now_ms % every_ms + every_ms
        world.run(begins_ms + every_ms, max(5, every_ms // 400))
        assert world.by_interval()[begins_ms] == world.throttle.max


Throttling.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestThrottling = Throttling.TestCase


@given(st.integers(1, 500), st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_demand_below_what_there_is_is_met(wanted: int, partition: int) -> None:
    world = World(Throttle(2 * wanted, 4_000))
    world.demand(partition, wanted)
    world.run(NOON_MS + 4_000, 20)
    assert len(world.calls) == wanted
