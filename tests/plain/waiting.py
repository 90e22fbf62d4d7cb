"""When a trigger that waits comes true: said of the whole log so far, and never step by step (C010, C011)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tests.plain.conditions import where_holds
from tests.plain.people import Person
from tests.plain.wall import DAY_MS, length_ms, minute_of, moment, value_ms


@dataclass(eq=False)
class Heard:
    """An event of one user, and its place in the log."""

    place: int
    at_ms: int
    id: str
    name: str
    properties: dict[str, Any]


@dataclass(eq=False)
class Start:
    """An event that triggers a campaign now, or at `due_ms`. `state`: waiting, fired, or over."""

    campaign: dict[str, Any]
    person: Person
    event: Heard
    due_ms: int
    match: str = ""
    state: str = "waiting"

    @property
    def instance(self) -> str:
        """What comes first of what is due at the same time for the same user and campaign."""
        when = self.campaign["when"]
        return self.event.id if when.get("repeat", "restart") != "restart" else self.match


def unless_of(campaign: dict[str, Any]) -> dict[str, Any] | None:
    """B, if there is one."""
    when = campaign["when"]
    found: dict[str, Any] | None = when["date"].get("unless") if "date" in when else when.get("unless")
    return found


def match_of(campaign: dict[str, Any]) -> str | None:
    """The property that tells two carts, or two bookings, apart."""
    when, unless = campaign["when"], unless_of(campaign) or {}
    found: str | None = when.get("date", {}).get("match") or unless.get("match")
    return found


def value_of_match(campaign: dict[str, Any], properties: dict[str, Any]) -> str | None:
    """None where the campaign tells carts apart and the event does not."""
    name = match_of(campaign)
    if name is None:
        return ""
    return None if properties.get(name) is None else str(properties[name])


def answers(start: Start, event: Heard, zone: str) -> bool:
    """Is this event a B for what has started here, whenever it happened?"""
    unless = unless_of(start.campaign)
    if unless is None or unless["event"] != event.name:
        return False
    if not where_holds(unless.get("where", {}), event.properties, event.at_ms, zone):
        return False
    match = value_of_match(start.campaign, event.properties)
    return match is None or match == start.match


def is_answered_by(start: Start, event: Heard, zone: str) -> bool:
    """A B later in the log with tB <= tA + T, or an earlier one with tA < tB <= tA + T. Of dates the newest counts."""
    if event.at_ms > start.due_ms or not answers(start, event, zone):
        return False
    if event.place < start.event.place:
        return event.at_ms > start.event.at_ms
    return "date" not in start.campaign["when"] or event.at_ms >= start.event.at_ms


def comes_true(start: Start, starts: list[Start], heard: list[Heard], zone: str) -> bool:
    """It is due: does it come true, by everything that is known now? `starts`: all of the same user."""
    if any(is_answered_by(start, event, zone) for event in heard):
        return False
    when = start.campaign["when"]
    if "date" in when:
        return True
    mine = start.event
    others = [each for each in alike(start, starts) if each is not start]
    if when.get("repeat", "restart") == "restart":
        return not any(
            (mine.at_ms, mine.place) < (each.event.at_ms, each.event.place)
            and each.event.at_ms <= start.due_ms
            for each in others
        )
    if when["repeat"] == "keep_first":
        within_ms = length_ms(when["unless"]["within"])
        fired = [each for each in others if each.state == "fired"]
        return not any(abs(each.event.at_ms - mine.at_ms) <= within_ms for each in fired)
    return True


def alike(start: Start, starts: list[Start]) -> list[Start]:
    """Those of the same campaign and the same cart."""
    return [each for each in starts if each.campaign is start.campaign and each.match == start.match]


def date_due(campaign: dict[str, Any], properties: dict[str, Any], zone: str) -> int | None:
    """The instant that a date trigger is due; None where the event tells no date that could be used."""
    told = campaign["when"]["date"]
    value = properties.get(told["property"])
    offset_ms = length_ms(told.get("offset", "0s"))
    if isinstance(value, str) and "T" not in value:
        if "at" not in told:
            return None
        try:
            day = date.fromisoformat(value)
        except ValueError:
            return None
        if offset_ms % DAY_MS == 0:
            return moment(day + timedelta(milliseconds=offset_ms), minute_of(told["at"]), zone)
        return moment(day, minute_of(told["at"]), zone) + offset_ms
    at_ms = value_ms(value)
    return None if at_ms is None else at_ms + offset_ms
