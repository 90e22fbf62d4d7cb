"""C11: owners that die at any point of a turn, and go on in the same folder, an empty one, or one of long ago."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from signal import SIGKILL

from tests.chaos.owner import A_TURN, POINTS
from tests.chaos.owners import Estate

TURNS = 3


async def die_often(estate: Estate, times: int, seed: int, points: tuple[str, ...] = POINTS) -> Counter[str]:
    """Kill that many owners one after the other, then let one live. How often at each point, and where they went on."""
    dice, struck = random.Random(seed), Counter[str]()
    await estate.begin()
    folder, records = estate.new_folder(), 0
    for number in range(times):
        point, turn = points[number % len(points)], dice.randint(1, TURNS)
        records += A_TURN * (turn + 1)
        estate.start(folder, records, point, turn, SIGKILL).died()
        struck[point] += 1
        folder, where = _next_folder(estate, folder, dice)
        struck[f"then {where}"] += 1
    estate.decided = records
    last = estate.start(folder, records)
    last.said("decided", records)
    last.close()
    return struck


def _next_folder(estate: Estate, before: Path, dice: random.Random) -> tuple[Path, str]:
    """The folder of whoever owns it next: the same, an empty one, or one that another owner left behind."""
    others = [each for each in estate.folders if each != before]
    match dice.choice(("same", "empty", "other")):
        case "other" if others:
            return dice.choice(others), "another's folder"
        case "empty":
            return estate.new_folder(), "an empty folder"
    return before, "the same folder"
