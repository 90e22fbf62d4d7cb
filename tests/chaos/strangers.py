"""Owners whose successor has another producer id: the broker refuses none of them, and each appends when woken."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from signal import SIGSTOP

from tests.chaos.owner import A_TURN
from tests.chaos.owners import Estate, Life

TURNS = 3
MORE = A_TURN * 2


@dataclass
class Landed:
    """How many woken owners there were, and how many of them saw where their turn had landed. `turns`: so many stand
    in the journal. `overrun`: how many rightful owners then found out by an append of their own."""

    times: int = 0
    refused: int = 0
    turns: int = 0
    overrun: int = 0
    records: int = 0


async def append_late(estate: Estate, times: int, seed: int) -> Landed:
    """Stop an owner before its append, let another decide everything, wake the first; who comes next goes on from any
    folder. Now and then the rightful owner appends once more before it ends."""
    dice, done = random.Random(seed), Landed()
    await estate.begin()
    folder = estate.new_folder()
    for _ in range(times):
        done.records += A_TURN * (TURNS + 2)
        frozen = estate.start(folder, done.records, "before_append", dice.randint(1, TURNS), SIGSTOP)
        frozen.stands()
        rightful = estate.start(estate.new_folder(), done.records)
        rightful.said("decided", done.records)
        _wake(estate, frozen, done)
        if dice.random() < 0.5:
            done.records += MORE
            rightful.overrun(done.records)
            done.overrun += 1
        else:
            rightful.close()
        folders = [Path(frozen.errand.folder), Path(rightful.errand.folder), estate.new_folder()]
        folder = dice.choice(folders)
    last = estate.start(folder, done.records + MORE)
    done.records += MORE
    last.said("decided", done.records)
    last.close()
    return done


def _wake(estate: Estate, frozen: Life, done: Landed) -> None:
    end = len(estate.journal_records())
    done.times += 1
    frozen.wake()
    done.refused += frozen.was_refused()
    frozen.end()
    done.turns += len(estate.journal_records()) > end
