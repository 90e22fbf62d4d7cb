"""Long turns, one at a time; short ones whenever they come."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from app.turns.turnstile import SHORT, Turnstile

LONG = SHORT + 1


async def long_turns(turnstile: Turnstile, name: str, times: int, told: list[str]) -> None:
    """A partition with a backlog: one long turn after the other."""
    for _ in range(times):
        await turnstile.through(LONG, None)
        told.append(name)


async def short_turns(turnstile: Turnstile, times: int, told: list[str]) -> None:
    """A partition that has an answer to journal at every turn of the loop."""
    for _ in range(times):
        await asyncio.sleep(0)
        await turnstile.through(1, None)
        told.append("short")


async def test_between_two_long_turns_everybody_else_has_a_turn() -> None:
    """Given four partitions with a backlog and one with answers, then no two long turns stand together."""
    turnstile, told = Turnstile(), list[str]()
    backlogs = (long_turns(turnstile, name, 5, told) for name in "abcd")
    await asyncio.gather(*backlogs, short_turns(turnstile, 100, told))
    longs = [at for at, name in enumerate(told) if name != "short"]
    assert len(longs) == 20
    assert all(after - before > 1 for before, after in pairwise(longs))


async def test_everybody_with_a_backlog_has_his_share() -> None:
    """Given four of them, then after some time each has had as many long turns as the others, but for two."""
    turnstile, told = Turnstile(), list[str]()
    tasks = [asyncio.create_task(long_turns(turnstile, name, 1_000, told)) for name in "abcd"]
    for _ in range(400):
        await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    counts = [told.count(name) for name in "abcd"]
    assert max(counts) - min(counts) <= 2 < min(counts)


async def test_timers_count_as_a_long_turn_and_few_records_do_not() -> None:
    turnstile = Turnstile()
    await turnstile.through(SHORT, None)
    await turnstile.through(0, 1)
    waiting = asyncio.ensure_future(turnstile.through(0, 1))
    await turnstile.through(SHORT, None)
    assert not waiting.done()
    await asyncio.wait_for(waiting, 30)


async def test_one_that_is_cancelled_while_it_waits_holds_up_nobody() -> None:
    """Given three that wait, when two of them are cancelled, at once or later, then the third comes through."""
    for left in range(3):
        for moments in range(4):
            turnstile = Turnstile()
            await turnstile.through(LONG, None)
            tasks = [asyncio.create_task(turnstile.through(LONG, None)) for _ in range(3)]
            for _ in range(moments):
                await asyncio.sleep(0)
            for number, task in enumerate(tasks):
                if number != left:
                    task.cancel()
            await asyncio.wait_for(tasks[left], 30)
            await asyncio.gather(*tasks, return_exceptions=True)
