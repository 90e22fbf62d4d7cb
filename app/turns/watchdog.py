"""The last resort: judges from what is seen of a worker whether it makes no progress where there could be some.

Pure: what was seen goes in, what stands still comes out, in words. Each case holds under a mark; it counts from the
look at which it first held under that very mark, so that anything that moves begins it anew. While the broker does not
answer for a partition, and for one request time-out after it does again, its clocks stand at nothing.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from app.turns.ports import Phase


class Limits(NamedTuple):
    """How long each may last, in seconds.

    `calls_s`: an actor that waits for its provider and hears nothing, far longer than any call may take. `failing_s`:
    opened or held back again and again, and never a record decided. `return_s`: after an outage, for requests that
    were lost in it.
    """

    watermark_s: float = 30.0
    answer_s: float = 30.0
    store_s: float = 30.0
    restore_s: float = 60.0
    assignment_s: float = 60.0
    rebalance_s: float = 60.0
    calls_s: float = 120.0
    failing_s: float = 120.0
    return_s: float = 30.0
    loop_s: float = 5.0


FAILURES = 3


class InputSight(NamedTuple):
    """One input: everything below `reached` is decided, everything below `handed` has come in."""

    topic: str
    reached: int
    handed: int


class Sight(NamedTuple):
    """One partition at one moment, in plain numbers.

    `turns`, `records`, `answers`: appended, decided, and heard of calls, so far. `furthest`: how far an opening has
    come at best. `refused`: times that somebody else was found to own it. `failures`: openings lost since a record was
    last decided. `unstored`: it waits for its disk. `asked_s`: since when an append or a relay is unanswered.
    `stored`: the journal offset that the store has reached. `turn_records`: what the last turn appended.
    """

    name: str
    number: int
    phase: Phase
    journal: str
    inputs: tuple[InputSight, ...]
    turns: int = 0
    records: int = 0
    answers: int = 0
    waiting: int = 0
    in_flight: int = 0
    has_room: bool = True
    held_back: bool = False
    furthest: tuple[int, int] = (0, 0)
    refused: int = 0
    failures: int = 0
    unstored: bool = False
    asked_s: float | None = None
    stored: int = 0
    turn_records: int = 1


class Group(NamedTuple):
    """The consumer group by its coordinator. `idle`: members that were given nothing, by their names."""

    state: str
    members: int
    idle: frozenset[str] = frozenset()


Place = tuple[str, int]


class Found(NamedTuple):
    """What the broker says: where partitions of topics end, and which of them it cannot give or take records of."""

    ends: Mapping[Place, int]
    troubled: frozenset[Place]
    group: Group | None


class Seen(NamedTuple):
    """A worker at one look. `found` None: no broker answers. `rebalance`: its number while one goes on.

    `member`: its name in the group.
    """

    sights: tuple[Sight, ...]
    found: Found | None
    rebalance: int | None = None
    member: str = ""


class Case(NamedTuple):
    """Something that may not last under the same mark for longer than its limit."""

    name: str
    mark: Any
    limit_s: float
    says: str


class Watch:
    """Remembers since when each case has held. `always`: places without which no partition can decide.

    A partition reads and writes the places of its number; one of them in trouble excuses it.
    """

    def __init__(self, limits: Limits, always: Collection[Place] = ()) -> None:
        self._limits = limits
        self._always = always
        self._since: dict[str, tuple[Any, float]] = {}
        self._away_s: dict[int | None, float] = {}

    def restart(self) -> None:
        """The process was frozen as a whole: what was seen before says nothing."""
        self._since = {}

    def look(self, now_s: float, seen: Seen) -> list[str]:
        """What has stood still for longer than its limit, in words; nothing: all is well."""
        since: dict[str, tuple[Any, float]] = {}
        stuck: list[str] = []
        for case in self._cases(now_s, seen):
            known = self._since.get(case.name)
            if known is None or known[0] != case.mark:
                known = (case.mark, now_s)
            since[case.name] = known
            if now_s - known[1] > case.limit_s:
                stuck.append(f"{case.says}, for {now_s - known[1]:.0f} s")
        self._since = since
        return stuck

    def _cases(self, now_s: float, seen: Seen) -> Iterator[Case]:
        if seen.found is None:
            self._away_s[None] = now_s
            return
        troubled = seen.found.troubled
        if not troubled.isdisjoint(self._always):
            self._away_s[None] = now_s
        self._away_s.update((number, now_s) for _, number in troubled)
        if self._was_away(None, now_s):
            return
        yield from of_worker(seen, seen.found.group, self._limits)
        for sight in seen.sights:
            if not self._was_away(sight.number, now_s):
                yield from of_partition(sight, seen, seen.found.ends, self._limits)

    def _was_away(self, number: int | None, now_s: float) -> bool:
        return now_s - self._away_s.get(number, -math.inf) < self._limits.return_s


def of_worker(seen: Seen, group: Group | None, limits: Limits) -> Iterator[Case]:
    """A rebalance that does not end; an assignment that is empty though the group does not know us as one without."""
    if seen.rebalance is not None:
        yield Case("rebalance", seen.rebalance, limits.rebalance_s, "a rebalance does not end")
    elif not seen.sights and group is not None and seen.member not in group.idle:
        says = (
            f"nothing is assigned, and the group ({group.state}, {group.members} members) has not left us out"
        )
        yield Case("assignment", "empty", limits.assignment_s, says)


def of_partition(sight: Sight, seen: Seen, ends: Mapping[Place, int], limits: Limits) -> Iterator[Case]:
    """What this partition waits for that must not last."""
    name = sight.name
    if sight.failures >= FAILURES:
        says = f"{name}: opened again and again, and no record decided"
        yield Case(f"{name} failing", "failing", limits.failing_s, says)
    if sight.phase is not Phase.READY:
        if not sight.unstored:
            mark, says = (sight.furthest, sight.refused), f"{name}: it does not come further in opening"
            yield Case(f"{name} opening", mark, limits.restore_s, says)
        return
    lags = {each: ends.get((each.topic, sight.number), 0) - each.reached for each in sight.inputs}
    behind = {each: lag for each, lag in lags.items() if lag > 0}
    if behind:
        says = f"{name}: {sum(behind.values())} records wait, and nothing at all is decided"
        yield Case(f"{name} progress", _moved(sight), limits.failing_s, says)
    if sight.held_back:
        yield Case(f"{name} held", seen.rebalance, limits.rebalance_s, f"{name}: held back by a rebalance")
    else:
        yield from _of_open(sight, ends, limits)
        yield from (_of_lag(sight, each, lag, limits) for each, lag in behind.items())


def _moved(sight: Sight) -> tuple[int, int, int]:
    return sight.turns, sight.records, sight.answers


def _of_open(sight: Sight, ends: Mapping[Place, int], limits: Limits) -> Iterator[Case]:
    name = sight.name
    if sight.asked_s is not None:
        says = f"{name}: an append or a relay is not answered"
        yield Case(f"{name} answer", sight.asked_s, limits.answer_s, says)
    behind = ends.get((sight.journal, sight.number), 0) - sight.stored
    if behind > max(1, sight.turn_records):
        says = f"{name}: the store is {behind} records behind the journal"
        yield Case(f"{name} store", sight.stored, limits.store_s, says)
    if sight.waiting:
        says = f"{name}: {sight.waiting} answers wait to be decided"
        yield Case(f"{name} results", _moved(sight), limits.watermark_s, says)


def _of_lag(sight: Sight, each: InputSight, lag: int, limits: Limits) -> Case:
    name = f"{sight.name} {each.topic}"
    if each.handed <= each.reached:
        says = f"{name}: {lag} records wait, and the fetch brings none"
        return Case(f"{name} fetch", each.reached, limits.watermark_s, says)
    if not sight.has_room:
        says = f"{name}: {lag} records wait for {sight.in_flight} calls that are not answered"
        return Case(f"{name} calls", _moved(sight), limits.calls_s, says)
    return Case(
        f"{name} turns",
        _moved(sight),
        limits.watermark_s,
        f"{name}: {lag} records wait, and no turn is taken",
    )


class LoopWatch:
    """Does the event loop turn? Asked far more often than its limit.

    Asked far too late, the whole process was frozen, or kept from the processor: what was before says nothing.
    """

    def __init__(self, now_s: float, limit_s: float, tick_s: float) -> None:
        self._limit_s = limit_s
        self._late_s = min(1.0, limit_s / 4) + tick_s
        self._looked_s = now_s
        self._began_s = now_s

    def look(self, now_s: float, beat_s: float) -> tuple[bool, str | None]:
        """Was the process frozen since the last look; and in words: the loop stands still."""
        frozen = now_s - self._looked_s > self._late_s
        self._looked_s = now_s
        if frozen:
            self._began_s = now_s
        still_s = now_s - max(beat_s, self._began_s)
        return (
            frozen,
            f"the event loop has not turned for {still_s:.1f} s" if still_s > self._limit_s else None,
        )
