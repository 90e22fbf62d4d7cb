"""`when` in a campaign file: the trigger, its answer, its schedule and its quiet hours."""

from __future__ import annotations

from typing import NamedTuple

from app.domain.files.conditions import read_where
from app.domain.files.durations import read_time_of_day
from app.domain.files.meant import asked, time_of_day
from app.domain.files.section import Section, described
from app.domain.model.campaign import Quiet, QuietThen, Repeat, Unless, When

SUPPORTED = frozenset({"event", "where", "unless", "repeat", "delay", "zone", "starts", "ends", "quiet"})
OTHER_TRIGGERS = frozenset({"date", "at", "every"})
UNLESS = frozenset({"event", "within", "match", "where"})
QUIET = frozenset({"from", "to", "then"})
NOT_YET = OTHER_TRIGGERS | {"user_zone", "best_time", "cut_off"}


class Timing(NamedTuple):
    """Everything under `when`."""

    when: When
    zone: str | None = None
    starts_ms: int | None = None
    ends_ms: int | None = None
    quiet: Quiet | None = None


def read_when(document: Section, app_zone: str) -> Timing:
    """Reads `when`, which must be there. Times without a zone are in the app's (CONTRACT section 2)."""
    section = document.section("when", "as in when: {event: add_to_cart}")
    if section is None:
        if not document.given("when"):
            document.refuse("when", "is missing", "as in when: {event: add_to_cart}")
        return Timing(When(""))
    section.only(SUPPORTED, NOT_YET)
    when = When(
        event=_read_event(section),
        where=read_where(section, app_zone),
        unless=_read_unless(section, app_zone),
        repeat=section.choice("repeat", Repeat, Repeat.RESTART),
        delay_ms=section.duration_ms("delay") or 0,
    )
    if section.given("repeat") and not section.given("unless"):
        section.refuse("repeat", "says what a second trigger does to a timer", "it needs unless")
    starts_ms = section.instant_ms("starts", app_zone)
    ends_ms = section.instant_ms("ends", app_zone)
    if starts_ms is not None and ends_ms is not None and ends_ms <= starts_ms:
        section.refuse("ends", "is not after starts")
    return Timing(when, section.zone("zone"), starts_ms, ends_ms, _read_quiet(section))


def _read_event(section: Section) -> str:
    if not section.given("event") and any(section.given(key) for key in OTHER_TRIGGERS):
        return ""
    return section.required_text("event")


def _read_unless(section: Section, zone: str) -> Unless | None:
    unless = section.section("unless", "as in unless: {event: purchase, within: 10m}")
    if unless is None:
        return None
    unless.only(UNLESS)
    event = unless.required_text("event")
    within_ms = unless.duration_ms("within")
    if not unless.given("within"):
        unless.refuse("within", "is missing", "how long to wait for the event, as in 10m")
    elif within_ms == 0:
        unless.refuse("within", "must be above zero")
    return Unless(event, within_ms or 0, unless.text("match"), read_where(unless, zone))


def _read_quiet(section: Section) -> Quiet | None:
    quiet = section.section("quiet", 'as in quiet: {from: "21:00", to: "09:00"}')
    if quiet is None:
        return None
    quiet.only(QUIET)
    from_minute, to_minute = _read_minute(quiet, "from"), _read_minute(quiet, "to")
    if from_minute is not None and from_minute == to_minute:
        quiet.refuse("to", "is the same as from", "leave quiet out where nothing is quiet")
    return Quiet(from_minute or 0, to_minute or 0, quiet.choice("then", QuietThen, QuietThen.HOLD))


def _read_minute(quiet: Section, key: str) -> int | None:
    value = quiet.values.get(key)
    minute = read_time_of_day(value)
    if value is None:
        quiet.refuse(key, "is missing", 'a time of day, as in "21:00"')
    elif minute is None:
        meant = time_of_day(value)
        hint = 'write it in quotes, as in "21:00"'
        quiet.refuse(key, f"{described(value)} is no time of day", asked(meant and f'"{meant}"', hint))
    return minute
