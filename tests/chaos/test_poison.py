"""Poison among the input (C19): each is a dead letter or a drop of its own, and nobody else notices it."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from agents.users import UsersActor
from app import wire
from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Cap
from tests.app.turns.memory import MemoryRecord
from tests.chaos.desk import Desk
from tests.chaos.poison import FAILS, Poison, failing_campaigns, poisons
from tests.chaos.verdicts import ends_of, expected_of
from tests.flow.test_oracle import demo_campaigns
from tests.integration.judging import LAST_TICK, make_work
from tests.integration.notes import note

RULES = AppRules(caps=(Cap(3),), stream_clock=True)
ROWS = 4_000
ONE_IN = 100

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(180)]


async def poisoned(data: Path, seed: int, rows: int) -> tuple[Desk, dict[int, Poison], list[str]]:
    """Replay a click log with one record in a hundred poisoned: the desk, what stood where, what went wrong."""
    dice, work = random.Random(seed), make_work(seed, rows, users=300)
    one = Desk(data, [*demo_campaigns(), *failing_campaigns()], RULES)
    bad, placed = poisons(dice, work.messages), dict[int, Poison]()
    last = work.messages[0][1]["timestamp"]
    for _, message in work.messages:
        if not dice.randrange(ONE_IN):
            poison = next(bad)
            value = poison.value and poison.value.replace(_time_in(poison.value), last.encode())
            placed[one.put(poison.key, value)] = poison
        last = message["timestamp"]
        one.feed([message])
    one.feed([{"type": "tick", "timestamp": LAST_TICK}])
    await one.decided()
    return one, placed, wrongs(one, placed, expected_of(work.outcomes))


def _time_in(value: bytes) -> bytes:
    """A poisoned record comes at the time of its neighbour: only what it is may be wrong with it."""
    at = value.find(b'"2024-')
    return value[at + 1 : at + 21] if at >= 0 else b"no time in it"


def wrongs(one: Desk, placed: dict[int, Poison], expected: dict[str, list[str]]) -> list[str]:
    """What is not as it had to be; in words."""
    found = []
    of_failing = [each for each in one.decisions() if each["campaign"] in FAILS.values()]
    if ends_of(each for each in one.decisions() if each["campaign"] not in FAILS.values()) != expected:
        found.append("neighbours")
    qualified = Counter(each["campaign"] for each in of_failing if each["step"] == "qualified")
    dropped = Counter(each["campaign"] for each in of_failing if each["step"] == "dropped")
    if not qualified == dropped == Counter(FAILS[p.name] for p in placed.values() if p.name in FAILS):
        found.append(f"failing campaigns: {qualified} qualified, {dropped} dropped")
    if not any(each.get("reason") == "template_error" for each in of_failing):
        found.append("no template failed")
    told = Counter((letter["offset"], letter["reason"]) for letter in one.dead_letters())
    due = Counter((offset, poison.reason) for offset, poison in placed.items() if poison.reason is not None)
    if told != due:
        found.append(
            f"dead letters: {sorted((told - due).items())[:3]}, missing {sorted((due - told).items())[:3]}"
        )
    return found


async def test_neighbours_of_poison_notice_nothing(tmp_path: Path) -> None:
    """Given poison of every kind among a click log, then the oracle's verdict is exact, and each is told."""
    one, placed, wrong = await poisoned(tmp_path, 91, ROWS)
    kinds = Counter(poison.name for poison in placed.values())
    note(
        f"poison: {len(placed)} records of {len(kinds)} kinds; {len(one.dead_letters())} dead letters; wrong: {wrong}"
    )
    assert len(kinds) == 20
    assert wrong == []
    assert one.partition.refusals == 0
    await one.close()


async def test_a_build_that_buries_nothing_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a build that passes over what it cannot decide on, then the same check misses the letters."""
    monkeypatch.setattr(UsersActor, "bury", lambda *_arguments: None)
    one, _, wrong = await poisoned(tmp_path, 92, 2_000)
    assert any("dead letters" in each for each in wrong)
    await one.close()


async def test_a_build_that_forgets_where_it_stood_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a build whose dead letters name another place, then the same check misses the right one."""
    write = wire.dead_letter

    def elsewhere(record: MemoryRecord, reason: str, message: str) -> bytes:
        return write(record._replace(offset=record.offset - 1), reason, message)

    monkeypatch.setattr(wire, "dead_letter", elsewhere)
    one, _, wrong = await poisoned(tmp_path, 93, 2_000)
    assert any("dead letters" in each for each in wrong)
    await one.close()
