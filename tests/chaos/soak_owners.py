"""C10, C11, C31 and C32 at soak size: one partition, its journal on a real broker, and many owners."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from tests.chaos.deaths import die_often
from tests.chaos.fencing import append_at_every_point, append_in_races
from tests.chaos.owner import IN_CALL
from tests.chaos.owners import estate
from tests.chaos.restoring import move_often
from tests.chaos.soaking import Fault, Found, Given, broker_in
from tests.chaos.strangers import append_late
from tests.chaos.wakings import wake_often
from tests.integration.kafka import Kafka
from tests.integration.tiny import Place

MOVES, MOVED_RECORDS = 100, 8_000
DEATHS = 120
WAKINGS, IN_CALLS = 400, 100
RACES = 1_000
STRANGERS = 100


async def moves(given: Given) -> Found:
    """C10."""
    with _place(given) as place:
        records = given.events or MOVED_RECORDS
        moved = await move_often(place, given.folder, given.times or MOVES, records, given.seed)
    return Found(moved.times, moved.violations, {"records": records, "reached": moved.reached[-1:]})


async def deaths(given: Given) -> Found:
    """C11."""
    with broker_in(given.folder) as bootstrap, estate(bootstrap, given.folder / "owners") as place:
        struck = await die_often(place, given.times or DEATHS, given.seed)
        violations = place.violations(place.decided)
    times = sum(count for point, count in struck.items() if not point.startswith("then "))
    return Found(times, violations, {"struck": dict(struck), "records": place.decided})


async def wakings(given: Given) -> Found:
    """C31: inside of turns, then inside of calls."""
    figures: dict[str, int] = {}
    violations: list[str] = []
    strikes = 0
    for name, points in (("in_turn", None), ("in_call", (IN_CALL,))):
        times = given.times or (IN_CALLS if points else WAKINGS)
        with (
            broker_in(given.folder / name) as bootstrap,
            estate(bootstrap, given.folder / name / "owners", sending=bool(points)) as place,
        ):
            woken = await wake_often(place, times, given.seed, *([points] if points else []))
            violations += [*place.violations(woken.records, woken.in_doubt), *woken.changed]
        if woken.refused < woken.times:
            violations.append(f"{name}: {woken.times - woken.refused} were not refused")
        figures |= {f"{name}_woken": woken.times, f"{name}_refused": woken.refused}
        figures |= {f"{name}_in_doubt": woken.in_doubt}
        strikes += woken.times
    return Found(strikes, violations, figures)


async def strangers(given: Given) -> Found:
    """Owners that the broker does not refuse."""
    with (
        broker_in(given.folder) as bootstrap,
        estate(bootstrap, given.folder / "owners", build="new_id") as place,
    ):
        landed = await append_late(place, given.times or STRANGERS, given.seed)
        violations = place.violations(landed.records)
    if landed.refused < landed.times:
        violations.append(f"{landed.times - landed.refused} did not see where their turn had landed")
    return Found(landed.turns, violations, {"woken": landed.times, "overrun": landed.overrun})


async def fences(given: Given) -> Found:
    """C32."""
    times = given.times or RACES
    with _place(given) as place:
        await place.begin()
        at_points = await append_at_every_point(place, times)
    with _place(given) as place:
        await place.begin()
        races = await append_in_races(place, times, given.seed)
    ends = at_points.ends + races.ends
    return Found(2 * times, [*at_points.wrong, *races.wrong], {"appends": dict(ends)})


@contextmanager
def _place(given: Given) -> Iterator[Place]:
    with broker_in(given.folder) as bootstrap:
        made = Place(Kafka(bootstrap), f"soak{secrets.token_hex(4)}")
        yield made
        made.kafka.delete(made.journal, made.topics.decisions)


FAULTS = (
    Fault("C10", "a partition is given and taken while its journal is restored", 3, moves),
    Fault("C11", "owners killed at every point of a turn; same, empty and others' folders", 2, deaths),
    Fault("C31", "owners stopped inside of a turn or a call, and woken when others own", 12, wakings),
    Fault(
        "strangers", "owners stopped before an append, whose successor has another producer id", 4, strangers
    ),
    Fault("C32", "an old owner appends at every point of a new one's opening, and in races", 10, fences),
)
