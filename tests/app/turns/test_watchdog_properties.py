"""However a sound worker's life goes, the watchdog is silent; whatever then stops for good, it names.

A life is drawn at random: load, polls, turns of any length, full queues, slow providers, appends and relays that take
their time, rebalances, refusals, restores, full disks, brokers that go and return. Each stays within what the engine's
own time limits allow; the simulated clock looks twice a second, as the thread does.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from app.turns.ports import Phase
from app.turns.watchdog import Found, Group, InputSight, Limits, Seen, Sight, Watch

LIMITS = Limits()
STEP_S = 0.5
LIVES = 160
LIFE_S = 1800.0
ASK_S = 5.0
# What it does, for how long at least and at most, and how often beside the others.
OPEN = [
    ("turn", 0.5, 30, 30), ("calls", 2, 100, 3), ("append", 1, 29, 3), ("timers", 1, 90, 2),
    ("rebalance", 0.5, 40, 2), ("refused", 2.5, 10, 1), ("disk", 1, 240, 1),
]  # fmt: skip
OPENING = [("open", 1, 300, 1)]


class Life:
    """One partition, lived half a second at a time. `dice` decides everything."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.struck: Counter[str] = Counter()
        self.now_s = 0.0
        self.end = self.dice.randrange(0, 5000)
        self.journal_end = 10
        self.sight = Sight("users/0", 0, Phase.OPENING, "journal", (InputSight("in", 0, 0),), stored=0)
        self.until_s = 0.0
        self.doing = "open"
        self.away_until_s = -1.0
        self.rebalance: int | None = None
        self.ends = {("in", 0): self.end, ("journal", 0): 10}
        self.asked_s = -ASK_S

    def live(self) -> Iterator[Seen]:
        """Half a second after half a second."""
        while self.now_s < LIFE_S:
            self.now_s += STEP_S
            self._load()
            self._broker()
            if self.now_s >= self.until_s:
                self._next()
            self._go_on()
            yield self.seen()

    def seen(self) -> Seen:
        """As the thread sees it: the ends are up to five seconds old."""
        is_away = self.now_s < self.away_until_s
        if self.now_s - self.asked_s >= ASK_S:
            self.asked_s = self.now_s
            self.ends = {("in", 0): self.end, ("journal", 0): self.journal_end}
        found = None if is_away else Found(self.ends, frozenset(), Group("Stable", 1))
        return Seen((self.sight,), found, self.rebalance)

    def _load(self) -> None:
        if self.dice.random() < 0.6:
            self.end += self.dice.randrange(0, 400)

    def _broker(self) -> None:
        if self.now_s >= self.away_until_s and self.dice.random() < 0.0008:
            self.struck["outage"] += 1
            self.away_until_s = self.now_s + self.dice.uniform(6, 200)

    def _next(self) -> None:
        """What it does from now on, and for how long: longest times of the engine's own limits."""
        doings = OPENING if self.doing in ("refused", "disk") else OPEN
        self.doing, least, most, _ = self.dice.choices(doings, [each[3] for each in doings])[0]
        self.struck[self.doing] += 1
        self.until_s = self.now_s + self.dice.uniform(least, most)
        self._enter()

    def _enter(self) -> None:
        sight = self.sight._replace(held_back=False, asked_s=None, has_room=True, in_flight=0, unstored=False)
        self.rebalance = None
        sight = sight._replace(**self._beginning(sight))
        if sight.phase is Phase.READY and not sight.held_back:
            sight = sight._replace(turns=sight.turns + 1)  # what it did before has ended
        emptied = sight.phase is not Phase.READY or sight.held_back
        reached = sight.inputs[0].reached
        handed = 0 if emptied else max(reached, sight.inputs[0].handed)
        self.sight = sight._replace(inputs=(InputSight("in", reached, handed),))

    def _beginning(self, sight: Sight) -> dict[str, Any]:
        """What the first half second of it changes."""
        if self.doing == "rebalance":
            self.rebalance = self.struck["rebalance"]
        changes: dict[str, dict[str, Any]] = {
            "refused": {"phase": Phase.REFUSED, "refused": sight.refused + 1, "failures": sight.failures + 1},
            "disk": {"phase": Phase.REFUSED, "unstored": True},
            "open": {"phase": Phase.OPENING, "furthest": (3, self.dice.randrange(0, 99)), "turns": 0},
            "rebalance": {"held_back": True},
            "append": {"phase": Phase.READY, "asked_s": self.now_s},
            "calls": {"phase": Phase.READY, "has_room": False, "in_flight": 64},
        }
        return changes.get(self.doing, {"phase": Phase.READY})

    def _go_on(self) -> None:
        """Half a second of it; while the broker is away nothing moves but what needs none."""
        if self.now_s < self.away_until_s:
            self.until_s = max(self.until_s, self.away_until_s + 1)
            return
        sight, (each,) = self.sight, self.sight.inputs
        if self.doing == "open":
            step, at = sight.furthest
            self.sight = sight._replace(furthest=(step, at + self.dice.randrange(1, 5000)))
        elif sight.phase is Phase.READY and not sight.held_back:
            handed = min(self.end, max(each.handed, each.reached) + self.dice.randrange(0, 2000))
            self.sight = sight._replace(inputs=(InputSight("in", each.reached, handed),))
            if self.doing == "calls" and self.dice.random() < 0.02:
                self.sight = self.sight._replace(answers=sight.answers + 1)
            elif self.doing == "timers":
                self._turn(each.reached, handed)
            elif self.doing == "turn":
                self._turn(min(handed, each.reached + self.dice.randrange(1, 4000)), handed)

    def _turn(self, reached: int, handed: int) -> None:
        sight, wrote = self.sight, self.dice.randrange(1, 50)
        taken = reached - sight.inputs[0].reached
        self.journal_end += wrote
        self.sight = sight._replace(
            inputs=(InputSight("in", reached, handed),),
            turns=sight.turns + 1,
            records=sight.records + taken,
            failures=0 if taken else sight.failures,
            stored=self.journal_end - (wrote if self.dice.random() < 0.5 else 0),
            turn_records=wrote,
        )


def settled(life: Life) -> Life:
    """The store has what the last turn wrote, once the next thing begins."""
    life.sight = life.sight._replace(stored=life.journal_end)
    return life


@pytest.mark.parametrize("block", range(4))
def test_it_is_silent_through_every_sound_life(block: int) -> None:
    """Given forty lives of half an hour each, whatever is in them, then nothing is ever said."""
    struck: Counter[str] = Counter()
    for seed in range(block * LIVES // 4, (block + 1) * LIVES // 4):
        watch, life = Watch(LIMITS), Life(seed)
        for seen in life.live():
            if life.doing != "turn":
                settled(life)
            said = watch.look(life.now_s, seen)
            assert not said, f"seed {seed}, {life.now_s} s, {life.doing}: {said}"
        struck.update(life.struck)
    assert min(struck[doing] for doing in ("outage", "calls", "refused", "disk", "open", "rebalance")) > 20, (
        struck
    )


@pytest.mark.parametrize("seed", range(60))
def test_whatever_stops_for_good_is_named(seed: int) -> None:
    """Given a life that stops dead at some moment with records before it, then that is said within two minutes.

    A full disk is what it may wait for; it is the operator's.
    """
    watch, life = Watch(LIMITS), Life(seed)
    stop_s = random.Random(seed).uniform(60, 900)
    for seen in life.live():
        watch.look(life.now_s, seen)
        if life.now_s > stop_s and life.doing != "disk" and life.now_s >= life.away_until_s + 1:
            break
    life.end += 1000
    life.asked_s = -ASK_S
    stopped = life.seen()
    said_s = next(
        (after for after in range(200) if watch.look(life.now_s + after, stopped)),
        None,
    )
    assert said_s is not None, (seed, life.doing)
    assert said_s <= LIMITS.calls_s + LIMITS.return_s + 1, (seed, life.doing)
