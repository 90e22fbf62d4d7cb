"""What a seed decides before its world begins: how big it is, how it is tuned, what goes wrong in it, and when."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from tests.simulation.network import Habits
from tests.simulation.provider import Manners

STRIKES = (
    "kill",
    "kill",
    "kill",
    "freeze",
    "freeze",
    "cut",
    "stop",
    "away",
    "full",
    "deaf",
    "deaf",
    "shuffle",
    "compact",
    "pause",
)


class Tuning(NamedTuple):
    """Sizes that a build fixes, drawn anew: what holds only for one of them is no promise."""

    idle_s: float
    renew_ms: int
    heartbeat_ms: int
    queued: int
    steps: int
    cached: int
    window: int
    at_once: int
    most_pairs: int
    last_epoch: int


class Strike(NamedTuple):
    """Something that goes wrong after this step of the scheduler; `size` in [0, 1)."""

    step: int
    kind: str
    size: float


class Plan(NamedTuple):
    """One world. `tidy_s`: how often mailboxes are emptied of what is decided; 0: never."""

    seed: int
    is_wall: bool
    partitions: int
    slots: int
    rows: int
    users: int
    has_caps: bool
    publish_s: float
    fetch_s: float
    most_fetched: int
    gaps: float
    habits: Habits
    manners: Manners
    tuning: Tuning
    strikes: tuple[Strike, ...]
    tidy_s: float


def draw(seed: int) -> Plan:
    """The plan of a seed; the same for ever."""
    dice = Random(seed)
    is_wall = dice.random() < 0.4
    slots = dice.choice((1, 2, 2, 2, 3))
    last_epoch = 3 if dice.random() < 0.1 else 32_766
    has_caps = not is_wall and dice.random() < 0.7
    return Plan(
        seed=seed,
        is_wall=is_wall,
        partitions=dice.choice((1, 1, 2)),
        slots=slots,
        rows=dice.randint(4, 18),
        users=dice.randint(1, 5),
        has_caps=has_caps,
        publish_s=dice.choice((0.0, 0.002, 0.05, 1.0)),
        fetch_s=dice.choice((0.001, 0.01, 0.2)),
        most_fetched=dice.choice((1, 3, 30)),
        gaps=dice.choice((0.0, 0.0, 0.2)),
        habits=_habits(dice),
        manners=_manners(dice, refuses=not has_caps),
        tuning=_tuning(dice, last_epoch, is_wall=is_wall),
        strikes=_strikes(dice, slots),
        tidy_s=dice.choice((0.0, 0.0, 0.5, 5.0)),
    )


def _habits(dice: Random) -> Habits:
    delay_s = dice.choice((0.0005, 0.01, 0.3))
    if dice.random() < 0.6:
        return Habits(delay_s)
    return Habits(delay_s, dice.choice((0.0, 0.03)), dice.choice((0.0, 0.02)), dice.choice((0.0, 0.01)))


def _manners(dice: Random, *, refuses: bool) -> Manners:
    return Manners(
        dice.choice((0.001, 0.1, 3.0)),
        dice.choice((0.0, 0.0, 0.3)),
        dice.choice((0.0, 0.0, 0.2)),
        refuses and dice.random() < 0.5,
    )


def _tuning(dice: Random, last_epoch: int, *, is_wall: bool) -> Tuning:
    often_ms = 150_000 if is_wall else 7_000
    at_once = dice.choice((2, 8, 64))
    return Tuning(
        idle_s=120.0 if is_wall else dice.choice((5.0, 30.0)),
        renew_ms=often_ms if dice.random() < 0.25 and last_epoch > 100 else 43_200_000,
        heartbeat_ms=dice.choice((300_000 if is_wall else 30_000, 3_600_000)),
        queued=dice.choice((1, 3, 2000)),
        steps=dice.choice((1, 3, 4000, 4000)),
        cached=dice.choice((2, 12_000)),
        window=dice.choice((1, 3, 4096)),
        at_once=at_once,
        most_pairs=dice.choice((10 + at_once, 1000)),
        last_epoch=last_epoch,
    )


def _strikes(dice: Random, slots: int) -> tuple[Strike, ...]:
    count = dice.choice((0, 1, 1, 2, 3, 5))
    kinds = [kind for kind in STRIKES if kind != "cut" or slots > 1]
    mix = [dice.choice(kinds) for _ in range(dice.randint(1, 3))]
    step, strikes = 0, []
    for _ in range(count):
        step += int(10 ** dice.uniform(0.5, 3.0))
        strikes.append(Strike(step, dice.choice(mix), dice.random()))
    return tuple(strikes)
