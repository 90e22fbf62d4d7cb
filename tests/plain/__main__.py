"""`python -m tests.plain SEED` shows one world; `python -m tests.plain --seeds N [--from M]` compares many."""

from __future__ import annotations

import argparse
import json
import sys
import time

from tests.plain.compare import by_plain_loops, describe, difference, shrunk
from tests.plain.worlds import World, make


def main() -> int:
    """0 where core and plain pipeline agree."""
    parser = argparse.ArgumentParser(prog="python -m tests.plain", description=__doc__)
    parser.add_argument("seed", type=int, nargs="?")
    parser.add_argument("--seeds", type=int, default=0)
    parser.add_argument("--from", type=int, default=0, dest="first")
    parser.add_argument("--most", type=int, default=5, help="give up after so many differences")
    asked = parser.parse_args()
    if asked.seed is not None:
        return show(make(asked.seed))
    return compare(range(asked.first, asked.first + asked.seeds), asked.most)


def show(world: World) -> int:
    """What happens in it, and, where the two differ, the least of it."""
    differs = difference(world)
    if not differs:
        for told in by_plain_loops(world):
            sys.stdout.write(describe(told) + "\n")
        return 0
    sys.stdout.write(story(shrunk(world)))
    return 1


def story(world: World) -> str:
    """A world as text, and the difference."""
    lines = [f"rules    {json.dumps(world['rules'])}"]
    used = json.dumps([world["campaigns"], world["segments"]])
    lines += [
        f"segment  {json.dumps(each)}"
        for each in world["segments"]
        if f'"segment": "{each["segment"]}"' in used
    ]
    lines += [f"campaign {json.dumps(each)}" for each in world["campaigns"]]
    lines += [f"log      {json.dumps(each)}" for each in world["log"]]
    return "\n".join([*lines, *difference(world), ""])


def compare(seeds: range, most: int) -> int:
    """Many worlds."""
    began, different, told = time.perf_counter(), 0, 0
    for seed in seeds:
        world = make(seed)
        told += len(by_plain_loops(world))
        if difference(world):
            different += 1
            sys.stdout.write(f"--- seed {seed}\n{story(shrunk(world))}")
            if different == most:
                break
    took_s = time.perf_counter() - began
    sys.stdout.write(
        f"{len(seeds)} worlds, {told} steps told, {different} differ, {len(seeds) / took_s:.0f} a second\n"
    )
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
