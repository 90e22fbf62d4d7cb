"""The watchdog acts on what stands still though it could move, by its limits to the second, and on nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.turns.ports import Phase
from app.turns.watchdog import FAILURES, Found, Group, InputSight, Limits, LoopWatch, Seen, Sight, Watch

LIMITS = Limits()
STEP_S = 0.5
ENDS = {("in", 0): 100, ("journal", 0): 50}
STABLE = Group("Stable", 2)
OURS, THEIRS = "ours-1", "theirs-1"


def a_sight(**changes: Any) -> Sight:
    """Partition 0, open, with everything decided and stored."""
    inputs = (InputSight("in", 100, 100),)
    return Sight("users/0", 0, Phase.READY, "journal", inputs, stored=50)._replace(**changes)


def an_input(reached: int, handed: int) -> tuple[InputSight, ...]:
    return (InputSight("in", reached, handed),)


def seen(
    *sights: Sight, rebalance: int | None = None, group: Group | None = STABLE, member: str = OURS
) -> Seen:
    return Seen(sights, Found(ENDS, frozenset(), group), rebalance, member)


def fires_at(at: Callable[[float], Seen], until_s: float = 300.0, watch: Watch | None = None) -> float | None:
    """Look every half second; when it first says something, None where it never does."""
    watch, now_s = watch or Watch(LIMITS), 0.0
    while now_s <= until_s:
        if watch.look(now_s, at(now_s)):
            return now_s
        now_s += STEP_S
    return None


STALLS: dict[str, tuple[float, Sight]] = {
    "the fetch brings none": (30.0, a_sight(inputs=an_input(40, 40))),
    "no turn is taken": (30.0, a_sight(inputs=an_input(40, 90))),
    "answers wait": (30.0, a_sight(waiting=3)),
    "not answered": (30.0, a_sight(asked_s=7.0)),
    "behind the journal": (30.0, a_sight(stored=40, turn_records=4)),
    "come further in opening": (60.0, a_sight(phase=Phase.OPENING, furthest=(3, 17))),
    "after a lost answer": (60.0, a_sight(phase=Phase.REFUSED, furthest=(2, 0))),
    "held back by a rebalance": (60.0, a_sight(held_back=True)),
    "calls that are not answered": (120.0, a_sight(inputs=an_input(40, 90), has_room=False, in_flight=64)),
    "opened again and again": (120.0, a_sight(failures=FAILURES)),
}


@pytest.mark.parametrize("stall", STALLS)
def test_what_stands_still_is_named_once_its_limit_is_over(stall: str) -> None:
    """Given a partition that stands still in one way, then it fires after that limit, and not half a second before."""
    limit_s, sight = STALLS[stall]
    assert fires_at(lambda _now_s: seen(sight)) == limit_s + STEP_S


def test_a_rebalance_that_does_not_end_is_named_and_many_that_do_are_not() -> None:
    """Given one rebalance for 60 s it fires; given a new one every two seconds for five minutes it does not."""
    assert fires_at(lambda _now_s: seen(a_sight(), rebalance=1)) == LIMITS.rebalance_s + STEP_S
    assert fires_at(lambda now_s: seen(a_sight(), rebalance=int(now_s // 2))) is None


def test_rebalances_that_leave_no_time_to_decide_are_named() -> None:
    """Given a consumer that joins again as soon as it has its partitions, and records that wait, then it fires."""

    def joining(now_s: float) -> Seen:
        is_joining = int(now_s / STEP_S) % 3 > 0
        return seen(a_sight(inputs=an_input(40, 40)), rebalance=int(now_s) if is_joining else None)

    assert fires_at(joining) == LIMITS.watermark_s + STEP_S


def test_an_empty_assignment_is_named_unless_the_group_has_left_us_without() -> None:
    """Given no partition for a minute, then it fires, unless the group knows that we have none, or says nothing."""
    assert fires_at(lambda _now_s: seen()) == LIMITS.assignment_s + STEP_S
    assert fires_at(lambda _now_s: seen(group=Group("Empty", 0))) == LIMITS.assignment_s + STEP_S
    assert fires_at(lambda _now_s: seen(group=Group("Stable", 9, frozenset({OURS})))) is None
    assert fires_at(lambda _now_s: seen(group=None)) is None


def test_a_worker_that_the_group_has_lost_is_named_though_another_waits() -> None:
    """Given more workers than partitions, when the group has lost one of them, then it fires."""
    waits = Group("Stable", 9, frozenset({THEIRS}))
    assert fires_at(lambda _now_s: seen(group=waits)) == LIMITS.assignment_s + STEP_S
    assert fires_at(lambda _now_s: seen(group=waits, member="")) == LIMITS.assignment_s + STEP_S


LEGITIMATE: dict[str, Callable[[float], Sight]] = {
    "all is decided": lambda _: a_sight(),
    "a backlog, record by record": lambda now_s: a_sight(
        inputs=an_input(int(now_s // 29), 90), records=int(now_s // 29)
    ),
    "the input is full, timers take the turns": lambda now_s: a_sight(inputs=an_input(5, 90), turns=int(now_s // 29)),
    "a slow provider answers one call in 100 s": lambda now_s: a_sight(
        inputs=an_input(5, 90), has_room=False, in_flight=64, answers=int(now_s // 100)
    ),
    "a restore of many minutes": lambda now_s: a_sight(
        phase=Phase.OPENING, inputs=an_input(0, 0), furthest=(3, int(now_s // 59)), stored=0
    ),
    "an owner that no fence can refuse is waited out": lambda now_s: a_sight(
        phase=Phase.OPENING if now_s < 55 else Phase.READY,
        furthest=(4, 0),
        inputs=an_input(0, 0) if now_s < 55 else an_input(100, 100),
    ),
    "the disk is full": lambda _: a_sight(phase=Phase.REFUSED, unstored=True, inputs=an_input(0, 0), stored=0),
    "each append takes 29 s": lambda now_s: a_sight(asked_s=now_s // 29),
    "one turn is on its way to the store": lambda _: a_sight(stored=46, turn_records=4),
    "held back for a moment, often": lambda now_s: a_sight(held_back=now_s % 50 < 45, inputs=an_input(40, 40))
    if now_s % 50 < 45
    else a_sight(),
}  # fmt: skip


@pytest.mark.parametrize("wait", LEGITIMATE)
def test_a_partition_that_waits_for_good_reason_is_left_alone(wait: str) -> None:
    """Given ten minutes of it, then nothing is said."""
    assert fires_at(lambda now_s: seen(LEGITIMATE[wait](now_s)), 600.0) is None


@pytest.mark.parametrize("stall", STALLS)
def test_clocks_stand_still_while_the_broker_is_away(stall: str) -> None:
    """C6: given no broker for ten minutes, then nothing; once it is back, a request's time and the limit."""
    limit_s, sight = STALLS[stall]

    def at(now_s: float) -> Seen:
        return seen(sight) if now_s > 600 else Seen((sight,), None)

    fired_s = fires_at(at, 900.0)
    assert fired_s == 600 + LIMITS.return_s + limit_s + STEP_S


def test_a_place_in_trouble_excuses_the_partitions_that_need_it() -> None:
    """Given a leaderless partition 0, then users/0 is left alone and users/1 is not; the campaigns excuse both."""
    first, second = a_sight(inputs=an_input(4, 4)), a_sight(name="users/1", number=1, inputs=an_input(4, 4))
    ends = {**ENDS, ("in", 1): 100, ("journal", 1): 50}

    def with_trouble(place: tuple[str, int]) -> list[str]:
        watch, look = (
            Watch(LIMITS, [("campaigns", 0)]),
            Seen((first, second), Found(ends, frozenset({place}), STABLE)),
        )
        watch.look(0.0, look)
        return watch.look(LIMITS.watermark_s + STEP_S, look)

    assert [said.split()[0] for said in with_trouble(("sends", 0))] == ["users/1"]
    assert with_trouble(("campaigns", 0)) == []
    assert len(with_trouble(("sends", 7))) == 2


def test_what_was_seen_before_a_freeze_says_nothing() -> None:
    """Given a stall for 29 s, a freeze, and 29 s more, then nothing; half a minute after the freeze it fires."""
    watch, look = Watch(LIMITS), seen(a_sight(inputs=an_input(4, 4)))
    assert not any(watch.look(now_s, look) for now_s in (0.0, 29.0))
    watch.restart()
    assert not any(watch.look(now_s, look) for now_s in (100.0, 129.0))
    assert watch.look(131.0, look)


def test_loop_that_no_longer_turns_is_seen_within_its_limit() -> None:
    """Given looks on time and no beat, then the loop is stalled after five seconds."""
    watch, now_s = LoopWatch(0.0, LIMITS.loop_s, STEP_S), 0.0
    while watch.look(now_s, 0.0)[1] is None:
        now_s += STEP_S
    assert now_s == LIMITS.loop_s + STEP_S


def test_a_process_that_was_frozen_is_not_stuck() -> None:
    """Given a gap between looks, however long, then the loop has its whole time again from then on."""
    for gap_s in (2.0, 4.9, 60.0, 86_400.0):
        watch = LoopWatch(0.0, LIMITS.loop_s, STEP_S)
        assert watch.look(0.5, 0.4) == (False, None)
        assert watch.look(0.5 + gap_s, 0.4) == (True, None)
        assert watch.look(1.0 + gap_s, 0.4) == (False, None)
        assert watch.look(1.5 + gap_s, 1.2 + gap_s) == (False, None)
