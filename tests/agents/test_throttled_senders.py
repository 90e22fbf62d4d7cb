"""What waits for a throttle token: in order, through crashes, until its cut-off; nobody pays where there is none."""

from __future__ import annotations

from collections import Counter

import pytest

from app.domain.model.app_rules import Throttle
from app.domain.model.decision import Step
from app.domain.model.mail import Result
from app.domain.model.push import Target
from app.domain.model.reason import Reason
from app.domain.model.receipt import Accepted, Receipt, Retry
from app.settings import DecidingSettings
from app.setup import rules_of
from tables.ledger import GATE, PLACES, THE_GATE, TICKETS
from tests.agents.throttled import NOON_MS, Hall, Seat

EVERY_MS = 4_000
SOON_MS = 1_000


class Busy(Hall):
    """A push service that refuses each device's first call."""

    def answer(self, attempt: int, target: Target) -> Receipt:
        """Later."""
        return Retry(Reason.PROVIDER_UNAVAILABLE, SOON_MS) if attempt == 1 else Accepted()


def names(count: int) -> list[str]:
    return [f"m-{number}" for number in range(count)]


def left(seat: Seat) -> list[bytes]:
    """What stands in a sender's queue."""
    prefixes = (TICKETS.prefix, PLACES.prefix)
    return [key for key in seat.store.values if key[:1] in prefixes and seat.name == "fcm"]


async def test_messages_leave_in_the_order_in_which_they_came() -> None:
    """C050: given a backlog, then no more than the throttle in any interval, oldest first in each partition."""
    hall = Hall(Throttle(30, EVERY_MS), partitions=2)
    hall.order(names(100))
    await hall.run(16)
    assert hall.by_interval(EVERY_MS) == {0: 30, 1: 30, 2: 30, 3: 10}
    for partition in (0, 1):
        order = [int(message[2:]) for _, message, _ in hall.calls if int(message[2:]) % 2 == partition]
        assert order == sorted(order)
    assert Counter(each.result for each in hall.outcomes) == {Result.ACCEPTED: 100}


async def test_whoever_has_waited_is_told_so_with_the_first_call() -> None:
    """Given ten for two intervals, then the calls of the second say `throttled`; nothing is held or released (C152)."""
    hall = Hall(Throttle(5, EVERY_MS), partitions=1)
    hall.order(names(10))
    await hall.run(8)
    said = [(each.step, each.reason) for each in hall.decisions]
    assert {step for step, _ in said} == {Step.ATTEMPTED}
    assert said[0] == (Step.ATTEMPTED, None)
    assert said[5:] == [(Step.ATTEMPTED, Reason.THROTTLED)] * 5


def test_the_throttle_is_published_with_what_decides() -> None:
    """Given the setting, then every worker reads it from the campaigns topic."""
    deciding = DecidingSettings.from_mapping({"throttle": {"max": 100_000, "every": "15m"}}, "test")
    assert rules_of(deciding, stream_clock=False).throttle == Throttle(100_000, 900_000)
    assert rules_of(DecidingSettings(), stream_clock=False).throttle is None


async def test_without_a_throttle_nothing_waits_and_nobody_is_asked() -> None:
    hall = Hall(None)
    hall.order(names(50))
    await hall.run(0.1)
    assert len(hall.calls) == 50
    assert not any(seat.store.values.keys() & {GATE.prefix + THE_GATE} for seat in hall.seats)


@pytest.mark.parametrize("seed", range(6))
async def test_crashes_give_no_token_twice_and_lose_no_message(seed: int) -> None:
    """C154: given crashes after one turn in fifteen, then never more than there is, and every message ends once."""
    hall = Busy(Throttle(40, EVERY_MS), seed=seed)
    hall.order(names(90), devices=2)
    await hall.run(40, crashes=0.07)
    assert max(hall.by_interval(EVERY_MS).values()) <= 40
    ended = Counter((each.message_id, each.device) for each in hall.outcomes)
    assert len(ended) == 180
    assert all(not left(seat) for seat in hall.seats)


async def test_a_token_pays_for_all_devices_of_a_message_and_again_for_what_is_tried_again() -> None:
    """Section 9: given 10 messages to three devices each that refuse once, then ten tokens, then more for retries."""
    hall = Busy(Throttle(10, EVERY_MS))
    hall.order(names(10), devices=3)
    await hall.run(12)
    counts = hall.by_interval(EVERY_MS)
    assert counts[0] == 10
    assert len(hall.calls) == 60
    assert max(counts.values()) == 10
    assert Counter(each.result for each in hall.outcomes) == {Result.ACCEPTED: 30}


async def test_what_is_tried_again_goes_before_what_was_never_tried() -> None:
    """Oldest first: given more than there is, then a refused message is called again before the backlog."""
    hall = Busy(Throttle(8, EVERY_MS), partitions=1)
    hall.order(names(24))
    await hall.run(24)
    called = [message for _, message, _ in hall.calls]
    assert set(Counter(called).values()) == {2}
    assert list(dict.fromkeys(called)) == names(24)
    again = called.index("m-0", called.index("m-0") + 1)
    assert again < called.index("m-12")


async def test_the_cut_off_comes_while_it_waits() -> None:
    """C043: given a cut-off after the first interval, then whoever had no token by then ends with it, uncalled."""
    hall = Hall(Throttle(5, EVERY_MS), partitions=1)
    hall.order(names(12), not_after_ms=NOON_MS + EVERY_MS + 100)
    await hall.run(10)
    assert len(hall.calls) == 5
    reasons = Counter(each.reason for each in hall.outcomes)
    assert reasons == {None: 5, Reason.CUT_OFF: 7}
    assert not any(map(left, hall.seats))


async def test_the_time_to_live_runs_from_the_first_call() -> None:
    """Given messages that live for two seconds and wait for six, then they are called all the same."""
    hall = Hall(Throttle(5, EVERY_MS), partitions=1)
    hall.order(names(10), ttl_ms=2_000)
    await hall.run(10)
    assert Counter(each.result for each in hall.outcomes) == {Result.ACCEPTED: 10}


async def test_at_most_so_many_calls_are_under_way() -> None:
    """C153: given tokens for all, then no sender has more in doubt than without a throttle."""
    hall = Hall(Throttle(100_000, EVERY_MS), partitions=1)
    hall.order(names(400))
    await hall.run(4)
    assert len(hall.calls) == 400
    assert hall.most_at_once <= 64


async def test_a_throttle_that_is_taken_away_lets_everybody_go() -> None:
    hall = Hall(Throttle(3, 60_000), partitions=1)
    hall.order(names(30))
    await hall.run(10)
    assert len(hall.calls) <= 3
    hall.throttle(None)
    await hall.run(32)
    assert len(hall.calls) == 30
    hall.throttle(Throttle(3, 60_000))
    hall.order(f"n-{number}" for number in range(30))
    await hall.run(60)
    assert len(hall.calls) <= 30 + 2 * 3


async def test_nothing_is_begun_while_the_partition_may_be_somebody_elses() -> None:
    """Given a rebalance, then nobody is called; and all are once it is over."""
    hall = Hall(Throttle(1_000, EVERY_MS), partitions=1)
    for seat in hall.seats:
        seat.is_restricted = seat.name == "fcm"
    hall.order(names(5))
    await hall.run(1)
    assert hall.calls == []
    for seat in hall.seats:
        seat.is_restricted = False
    await hall.run(2)
    assert len(hall.calls) == 5
