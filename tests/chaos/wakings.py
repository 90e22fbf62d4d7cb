"""C31: owners that are stopped in the middle of a turn, lose the partition meanwhile, and are woken."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from signal import SIGSTOP

from app.clock import monotonic_s
from tables.ledger import LEDGER, Stage
from tests.chaos.owner import A_TURN, IN_CALL, POINTS, SESSION_S
from tests.chaos.owners import Estate, Life
from tests.chaos.sending import calls_in

TURNS = 3
MORE = A_TURN * 2


@dataclass
class Woken:
    """How many were stopped and woken, and how many of them were refused. `changed`: what they did that they no longer
    might. `in_doubt`: calls without a journaled answer when their maker was stopped: those may be made again."""

    times: int = 0
    refused: int = 0
    in_doubt: int = 0
    records: int = 0
    changed: list[str] = field(default_factory=list)


async def wake_often(estate: Estate, times: int, seed: int, points: tuple[str, ...] = POINTS) -> Woken:
    """Stop an owner at a point, let another decide everything, wake the first; again and again."""
    dice, done = random.Random(seed), Woken()
    await estate.begin()
    for number in range(times):
        point = points[number % len(points)]
        done.records += A_TURN * (TURNS + 2)
        frozen = estate.start(estate.new_folder(), done.records, point, dice.randint(1, TURNS), SIGSTOP)
        frozen.stands()
        stopped_s = monotonic_s()
        done.in_doubt += _in_doubt(estate)
        rightful = estate.start(estate.new_folder(), done.records)
        rightful.said("decided", done.records)
        if point == IN_CALL:  # as long as a session, after which it may call nobody
            await asyncio.sleep(max(0.0, stopped_s + 1.1 * SESSION_S - monotonic_s()))
        _watch_wake(estate, frozen, done)
        done.records += MORE
        rightful.more(done.records)
        rightful.close()
    return done


def _watch_wake(estate: Estate, frozen: Life, done: Woken) -> None:
    """Wake it, and see what it does to the journal and to the provider."""
    written, called = _written(estate), calls_in(estate.folder, frozen.errand.name)
    done.times += 1
    done.refused += _wake(frozen)
    done.changed += [f"{frozen.errand.point}: {each}" for each in _changed(written, _written(estate))]
    later = calls_in(estate.folder, frozen.errand.name) - called
    done.changed += [
        f"{frozen.errand.point}: {message} was called by who had been stopped" for message in later
    ]


def _in_doubt(estate: Estate) -> int:
    latest = {each.key(): each.value() for each in estate.journal_records()}
    kept = [value for key, value in latest.items() if key.startswith(LEDGER.prefix) and value is not None]
    return sum(LEDGER.decode(value).stage is Stage.CALLING for value in kept) if estate.sending else 0


def _wake(frozen: Life) -> bool:
    """Wake it; whether it was refused. Then it ends."""
    frozen.wake()
    refused = frozen.was_refused()
    frozen.end()
    return refused


def _written(estate: Estate) -> list[tuple[bytes, bytes]]:
    return [(each.key(), each.value()) for each in estate.journal_records()]


def _changed(before: list[tuple[bytes, bytes]], after: list[tuple[bytes, bytes]]) -> list[str]:
    """What stands in the journal besides what the rightful owner had left there."""
    if after[: len(before)] != before:
        return ["the journal was rewritten"]
    return [f"{key!r} was written by who had been stopped" for key, _ in after[len(before) :]]
