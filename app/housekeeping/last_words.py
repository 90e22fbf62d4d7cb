"""What a worker that gives up leaves in the log: the reasons, every partition's numbers, every task and thread."""

from __future__ import annotations

import asyncio
import faulthandler
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from app.turns.watchdog import Found, Sight

MOST_TASKS = 200
MOST_FRAMES = 12


def dump(
    reasons: Sequence[str],
    sights: Iterable[Sight],
    found: Found | None,
    loop: asyncio.AbstractEventLoop | None,
) -> None:
    """Write it all to standard error; from any thread."""
    write = sys.stderr.write
    for reason in reasons:
        write(f"watchdog: {reason}\n")
    write("watchdog: giving up; the state of every partition, task and thread follows, then exit code 70\n")
    for sight in sights:
        write(f"watchdog: partition {msgspec.json.encode(_told(sight, found)).decode()}\n")
    for told in _tasks(loop):
        write(f"watchdog: task {told}\n")
    sys.stderr.flush()
    faulthandler.dump_traceback(all_threads=True)


def _told(sight: Sight, found: Found | None) -> dict[str, Any]:
    """The numbers of one partition, with the ends that the probe last found."""
    ends = {} if found is None else found.ends
    inputs = {
        each.topic: {
            "end": ends.get((each.topic, sight.number)),
            "reached": each.reached,
            "handed": each.handed,
        }
        for each in sight.inputs
    }
    journal_end = ends.get((sight.journal, sight.number))
    return {**sight._asdict(), "phase": sight.phase.value, "inputs": inputs, "journal_end": journal_end}


def _tasks(loop: asyncio.AbstractEventLoop | None) -> Iterator[str]:
    """Where each task of the loop waits, from its outermost call to its innermost."""
    tasks = [] if loop is None else list(asyncio.all_tasks(loop))
    for task in tasks[:MOST_TASKS]:
        yield f"{task.get_name()}: {' > '.join(_frames(task.get_coro())) or 'not begun'}"


def _frames(waiting: Any) -> list[str]:
    found: list[str] = []
    while waiting is not None and len(found) < MOST_FRAMES:
        frame = getattr(waiting, "cr_frame", None) or getattr(waiting, "gi_frame", None)
        if frame is None:
            break
        found.append(f"{frame.f_code.co_qualname}:{frame.f_lineno}")
        waiting = getattr(waiting, "cr_await", None) or getattr(waiting, "gi_yieldfrom", None)
    return found
