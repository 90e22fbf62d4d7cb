"""Worlds in which only triggers matter, and their logs in another order, within what is allowed (C010t)."""

from __future__ import annotations

import random
from typing import Any

from tests.plain.compare import by_the_core
from tests.plain.pipeline import Told
from tests.plain.waiting import date_due, unless_of
from tests.plain.wall import length_ms
from tests.plain.worlds import World, name_of_trigger

Line = dict[str, Any]
LATENESS_MS = 6 * 3_600_000
TRIGGERS = ("event", "where", "unless", "repeat", "date")


def calm(world: World) -> World | None:
    """Its triggers that wait, for everybody, without guards, over a log in order; None where it has none."""
    campaigns = [
        {
            "campaign": each["campaign"],
            "what": each["what"] | {"missing": "default"},
            "when": trigger_of(each["when"]),
        }
        for each in world["campaigns"]
        if unless_of(each) is not None or "date" in each["when"]
    ]
    lines = {each["messageId"]: each for each in reversed(world["log"]) if each["type"] == "track"}
    log = sorted(
        ({**each, "context": {}} for each in reversed(lines.values())), key=lambda each: each["timestamp"]
    )
    rules = {"zone": "UTC", "caps": [], "max_lateness": "6h"}
    return (
        {**world, "segments": [], "campaigns": campaigns, "rules": rules, "log": log} if campaigns else None
    )


def trigger_of(when: dict[str, Any]) -> dict[str, Any]:
    """What arms, cancels and fires."""
    return {key: value for key, value in when.items() if key in TRIGGERS}


def fired(world: World, log: list[Line]) -> list[Told]:
    """What comes true, when; a date that was gone by when it was told is no push that was missed."""
    end = {"type": "tick", "timestamp": max(each["timestamp"] for each in log) + 40 * 86_400}
    told = by_the_core({**world, "log": [*log, end]})
    gone_by = {each.message_id for each in told if each.reason == "too_late"}
    return sorted(each for each in told if each.step == "qualified" and each.message_id not in gone_by)


def shuffled(world: World, seed: int, attempts: int = 40) -> list[Line]:
    """The log with some lines later than they were, each move checked."""
    dice, log = random.Random(seed), list(world["log"])
    for _ in range(attempts):
        place, later = sorted((dice.randrange(len(log)), dice.randrange(len(log))))
        moved = [*log[:place], *log[place + 1 : later + 1], log[place], *log[later + 1 :]]
        if is_allowed(world, moved):
            log = moved
    return log


def is_allowed(world: World, log: list[Line]) -> bool:
    """Late by no more than is allowed, before anything fires that it may change, and no old B after its A."""
    clock_ms = 0
    dues = [(line["userId"], *span) for line in log for span in spans(world, line)]
    for place, line in enumerate(log):
        at_ms = time_of(line)
        clock_ms = max(clock_ms, at_ms)
        if clock_ms - at_ms > LATENESS_MS:
            return False
        if any(user == line["userId"] and at_ms <= due_ms < clock_ms for user, due_ms in dues):
            return False
        before = [each for each in log[:place] if each["userId"] == line["userId"] and time_of(each) >= at_ms]
        if any(is_told_apart(world, each, line) for each in before):
            return False
    return True


def is_told_apart(world: World, first: Line, second: Line) -> bool:
    """Does the order in which the log has these two matter, the second of which is not the newer one?"""
    if first["timestamp"] == second["timestamp"]:
        return int(first["messageId"][1:]) > int(second["messageId"][1:])
    return any(
        (unless_of(each) or {}).get("event") == second["event"] and name_of_trigger(each) == first["event"]
        for each in world["campaigns"]
    )


def spans(world: World, line: Line) -> list[tuple[int]]:
    """When a timer that this line may start is due."""
    found = []
    for campaign in world["campaigns"]:
        if name_of_trigger(campaign) == line["event"]:
            when = campaign["when"]
            if "date" in when:
                due_ms = date_due(campaign, line["properties"], "UTC")
                found += [] if due_ms is None else [(due_ms,)]
            else:
                found.append((time_of(line) + length_ms(when["unless"]["within"]),))
    return found


def time_of(line: Line) -> int:
    """In milliseconds."""
    return round(float(line["timestamp"]) * 1000)
