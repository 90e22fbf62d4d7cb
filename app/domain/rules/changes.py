"""What one version of a campaign has otherwise than another, field by field, and what that means for what waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any, get_args

from msgspec import Struct, structs

from app.domain.model.campaign import EVERYONE, Campaign, Condition, CutOff, DateTrigger, Limits, Status, When
from app.domain.rules.wording import (
    condition_text,
    cut_off_text,
    instant_text,
    share_text,
    span,
    time_of_day,
    value_text,
)

CONDITIONS = get_args(Condition)
INSTANTS = frozenset({"starts_ms", "ends_ms"})
PLACES: Mapping[str, str] = MappingProxyType(
    {
        "zone": "when.zone",
        "starts_ms": "when.starts_ms",
        "ends_ms": "when.ends_ms",
        "quiet": "when.quiet",
        "cut_off": "when.cut_off",
        "control": "limits.control",
        "ignore_caps": "limits.ignore_caps",
        "caps_count": "limits.caps_count",
    }
)
"""Where a field of the model stands in the file, where that is not under its own name."""

LABELS: Mapping[str, str] = MappingProxyType(
    {
        "name": "its name",
        "owner": "who is told of alerts",
        "who": "who gets it",
        "when.event": "what triggers it",
        "when.where": "which of these events count",
        "when.date.event": "which event tells the date",
        "when.date.property": "where the date stands",
        "when.date.offset": "how long before or after the date it is due",
        "when.date.match": "what tells two dates of a user apart",
        "when.date.where": "which of these events count",
        "when.date.unless.event": "what cancels it",
        "when.date.unless.where": "which of the cancelling events count",
        "when.date.at": "the time of day of a date without one",
        "when.unless": "what cancels it",
        "when.unless.event": "what cancels it",
        "when.unless.within": "how long it waits for that",
        "when.unless.match": "what tells two timers apart",
        "when.unless.where": "which of the cancelling events count",
        "when.repeat": "what a second trigger does",
        "when.delay": "how long it waits before sending",
        "when.zone": "the time zone of users without one",
        "when.starts": "when it starts",
        "when.ends": "when it ends",
        "when.quiet": "quiet hours",
        "when.quiet.from": "when quiet hours begin",
        "when.quiet.to": "when quiet hours end",
        "when.quiet.then": "what quiet hours do",
        "when.cut_off": "from when on it is not sent any more",
        "limits.total": "how many it reaches in all",
        "limits.daily": "how many it reaches in a day",
        "limits.per_user": "how often it reaches the same user",
        "limits.control": "how many get nothing, to be compared with",
        "limits.ignore_caps": "whether it ignores the app's caps",
        "limits.caps_count": "whether it counts against the app's caps",
        "what.title": "the title",
        "what.body": "the text",
        "what.link": "where it leads",
        "what.image": "the image",
        "what.ttl": "how long the push service may keep it",
        "inbox.fallback": "whether the inbox gets what push cannot deliver",
        "inbox.copy": "whether an item stands in the inbox beside the push",
        "inbox.ttl": "how long it stays in the inbox",
        "surge.pause": "whether it pauses itself when far more qualify than usual",
        "surge.times": "how many times the usual number are too many",
        "surge.at_least": "how many in an hour are never too many",
        "surge.expected": "how many in an hour are usual",
    }
)
NO_LIMITS = Limits()
KEPT = ("who", "when.event", "when.date", "when.where", "when.unless", "when.repeat", "when.delay")
AT_ONCE = ("when.starts", "when.ends", "when.zone", "when.quiet", "when.cut_off", "limits", "surge")
RENDERED = ("what", "inbox")


class FieldChange(Struct, frozen=True):
    """One field that differs, by its path in the file. `before` or `after` None: it is not there."""

    path: str
    label: str
    before: str | None
    after: str | None


def changes(before: Campaign, after: Campaign) -> list[FieldChange]:
    """Every field that differs, in the order of the model."""
    old, new = dict(fields(before)), dict(fields(after))
    paths = dict.fromkeys([*new, *old])
    return [
        FieldChange(path, LABELS.get(path, path), old.get(path), new.get(path))
        for path in paths
        if old.get(path) != new.get(path)
    ]


def fields(campaign: Campaign) -> Iterator[tuple[str, str]]:
    """Every field that has a value, by its path in the file, in words."""
    for name, value in structs.asdict(campaign).items():
        if isinstance(value, When) and value.date is not None:
            yield from _dated(value, value.date)
        elif name == "surge" and value is None:
            yield "surge.pause", "false"
        elif name != "id":
            yield from _flat(PLACES.get(name, name), value)


def _dated(when: When, date: DateTrigger) -> Iterator[tuple[str, str]]:
    """A trigger on a date as the file has it: the event that tells the date, and what cancels it, stand below it."""
    parts: dict[str, Any] = {"event": when.event, **structs.asdict(date), "where": when.where}
    if when.unless is not None:
        parts["unless"] = {"event": when.unless.event, "where": when.unless.where}
    yield from _flat("when.date", parts)
    yield from _flat("when.delay_ms", when.delay_ms)


def _flat(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if value in (None, (), {}, EVERYONE):
        return
    if isinstance(value, CONDITIONS):
        yield path, condition_text(value)
    elif isinstance(value, CutOff):
        yield path, cut_off_text(value)
    elif path == PLACES["control"]:
        yield path, share_text(value)
    elif isinstance(value, Struct | Mapping):
        parts = structs.asdict(value) if isinstance(value, Struct) else value
        for name, part in parts.items():
            yield from _flat(f"{path}.{name}", part)
    else:
        yield _plain(path, value)


def _plain(path: str, value: Any) -> tuple[str, str]:
    """A value that has no parts, and its path without the unit."""
    name = path.rpartition(".")[2]
    if name in INSTANTS:
        return path.removesuffix("_ms"), instant_text(value)
    if name.endswith("_ms"):
        return path.removesuffix("_ms"), span(value)
    if name.endswith("_minute"):
        return path.removesuffix("_minute"), time_of_day(value)
    if isinstance(value, tuple):
        return path, ", ".join(value_text(each) for each in value)
    return path, str(value) if isinstance(value, Enum | str) else value_text(value)


def consequences(changed: list[FieldChange], status: Status, after: Campaign, now_ms: int) -> list[str]:
    """What applying these changes means for a campaign in this status, and for what is waiting under it."""
    if not changed:
        return []
    if status is Status.DRAFT:
        return ["It is a draft: nothing is sent before it is scheduled."]
    told = []
    if _any_of(changed, KEPT):
        told.append(
            "Timers that are armed and messages that are held go on under the trigger and the audience of the version "
            "that began them; what triggers from now on goes by the new one."
        )
    if _any_of(changed, RENDERED):
        told.append("What waits or is held gets the new content; what is on its way keeps the old one.")
    if _any_of(changed, AT_ONCE):
        told.append("Schedule, quiet hours and limits count at once, also for what waits or is held.")
    told += _of_schedule(after, now_ms)
    if status is Status.PAUSED:
        told.append("It is paused: nothing arms, and what falls due is dropped, until it is resumed.")
    return told


def _of_schedule(after: Campaign, now_ms: int) -> list[str]:
    if after.starts_ms is not None and after.starts_ms > now_ms:
        return [f"What falls due before {instant_text(after.starts_ms)}, its start, is dropped."]
    if after.ends_ms is not None and after.ends_ms <= now_ms:
        return [f"Its end, {instant_text(after.ends_ms)}, is over: nothing is sent any more."]
    return []


def _any_of(changed: list[FieldChange], begins: tuple[str, ...]) -> bool:
    return any(
        each.path == begin or each.path.startswith(f"{begin}.") for each in changed for begin in begins
    )


def limits_begin(before: Campaign, after: Campaign) -> list[str]:
    """What new limits do not count, of a campaign that has been sent under `before` (C026, C157)."""
    old, new = before.limits or NO_LIMITS, after.limits or NO_LIMITS
    told = []
    if new.is_shared and not old.is_shared:
        told.append(
            "Its total and its day begin with this version: what was sent before it, and what is on its way, is not "
            "counted against them."
        )
    if new.times is not None and old.times is None:
        told.append(
            "How often it reached a user is counted from this version on: whoever it has reached already can be "
            "reached anew."
        )
    return told
