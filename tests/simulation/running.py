"""Run worlds: one, or many after each other."""

from __future__ import annotations

import gc
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple, TextIO

from tests.simulation.mutants import broken
from tests.simulation.plan import draw
from tests.simulation.world import World

COLLECT_EVERY = 40


class Ended(NamedTuple):
    """What became of one world."""

    seed: int
    violations: list[str]
    digest: int
    steps: int
    lines: list[str]
    struck: Counter[str]


@dataclass
class Found:
    """What many worlds have shown."""

    worlds: int = 0
    steps: int = 0
    failed: list[tuple[int, str]] = field(default_factory=list)
    struck: Counter[str] = field(default_factory=Counter)

    def told(self) -> str:
        """In words."""
        strikes = ", ".join(f"{count} {kind}" for kind, count in sorted(self.struck.items()))
        failures = "".join(f"\nseed {seed}: {what}" for seed, what in self.failed)
        return f"{self.worlds} worlds, {self.steps} steps, {len(self.failed)} failed; struck: {strikes}{failures}"


@contextmanager
def _quiet() -> Iterator[None]:
    """No warnings of refusals, which are many; no garbage collection, which would run last words at any time."""
    was_enabled, before = gc.isenabled(), logging.root.manager.disable
    gc.disable()
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
        if was_enabled:
            gc.enable()


def run_seed(seed: int, *, traced: bool = False) -> Ended:
    """One world from its seed to its end."""
    with _quiet():
        world = World(draw(seed), traced=traced)
        try:
            violations = world.run()
        except Exception as error:  # noqa: BLE001 - a world that cannot go on is a finding
            violations = [*world.violations, f"{type(error).__name__}: {error}"]
        struck = world.struck + Counter(
            {
                "lost": world.network.lost,
                "late": world.network.late,
                "given up": world.network.given_up,
                "misplaced": world.witness.misplaced,
            }
        )
        ended = Ended(seed, violations, world.digest, world.loop.steps, world.lines or [], struck)
        world.close()
        return ended


def run_many(seeds: Iterable[int], mutant: str | None = None, stop_at: int = 10) -> Found:
    """Worlds after each other, until so many have failed."""
    found = Found()
    with broken(mutant):
        for seed in seeds:
            ended = run_seed(seed)
            found.worlds += 1
            found.steps += ended.steps
            found.struck += ended.struck
            if ended.violations:
                found.failed.append((seed, ended.violations[0]))
                if len(found.failed) >= stop_at:
                    break
            if found.worlds % COLLECT_EVERY == 0:
                gc.collect()
    return found


def replay(seed: int, mutant: str | None, out: TextIO, *, traced: bool) -> int:
    """One world, told in full."""
    with broken(mutant):
        ended = run_seed(seed, traced=traced)
    for line in ended.lines:
        out.write(line + "\n")
    out.write(f"{draw(seed)}\n")
    out.write(f"seed {seed}: {ended.steps} steps, trace {ended.digest:08x}, struck {dict(ended.struck)}\n")
    for violation in ended.violations:
        out.write(f"VIOLATED {violation}\n")
    return 1 if ended.violations else 0
