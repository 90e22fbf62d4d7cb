"""`when` in a campaign file: the trigger, its answer, its schedule and its quiet hours."""

from __future__ import annotations

from typing import NamedTuple

from app.domain.files import meant
from app.domain.files.date_trigger import read_date
from app.domain.files.durations import read_duration, read_time_of_day
from app.domain.files.meant import asked
from app.domain.files.section import Section, described, read_instant
from app.domain.files.where import read_where
from app.domain.model.campaign import CutOff, Quiet, QuietThen, Repeat, Unless, When

SUPPORTED = frozenset({
    "event", "date", "where", "unless", "repeat", "delay", "zone", "starts", "ends", "quiet", "cut_off",
})  # fmt: skip
OTHER_TRIGGERS = frozenset({"at", "every"})
UNLESS = frozenset({"event", "within", "match", "where"})
QUIET = frozenset({"from", "to", "then"})
NOT_YET = OTHER_TRIGGERS | {"user_zone", "best_time"}
OF_EVENT = ("where", "unless", "repeat")


class Timing(NamedTuple):
    """Everything under `when`."""

    when: When
    zone: str | None = None
    starts_ms: int | None = None
    ends_ms: int | None = None
    quiet: Quiet | None = None
    cut_off: CutOff | None = None


def read_when(document: Section, app_zone: str) -> Timing:
    """Reads `when`, which must be there. Times without a zone are in the app's (CONTRACT section 2)."""
    section = document.section("when", "as in when: {event: add_to_cart}")
    if section is None:
        if not document.given("when"):
            document.refuse("when", "is missing", "as in when: {event: add_to_cart}")
        return Timing(When(""))
    section.only(SUPPORTED, NOT_YET)
    when = _read_date_trigger(section, app_zone) or _read_event_trigger(section, app_zone)
    starts_ms = section.instant_ms("starts", app_zone)
    ends_ms = section.instant_ms("ends", app_zone)
    if starts_ms is not None and ends_ms is not None and ends_ms <= starts_ms:
        section.refuse("ends", "is not after starts")
    quiet, cut_off = _read_quiet(section), _read_cut_off(section, app_zone)
    return Timing(when, section.zone("zone"), starts_ms, ends_ms, quiet, cut_off)


def _read_event_trigger(section: Section, app_zone: str) -> When:
    if section.given("repeat") and not section.given("unless"):
        section.refuse("repeat", "says what a second trigger does to a timer", "it needs unless")
    return When(
        event=_read_event(section),
        where=read_where(section, app_zone),
        unless=_read_unless(section, app_zone),
        repeat=section.choice("repeat", Repeat, Repeat.RESTART),
        delay_ms=section.duration_ms("delay") or 0,
    )


def _read_date_trigger(section: Section, app_zone: str) -> When | None:
    if not section.given("date"):
        return None
    if section.given("event"):
        section.refuse("event", "stands beside date", "exactly one of event, date, at and every")
    for key in OF_EVENT:
        if section.given(key):
            hint = (
                "the newest event that tells the date counts" if key == "repeat" else f"write when.date.{key}"
            )
            section.refuse(key, "has no meaning beside date", hint)
    date = read_date(section, app_zone)
    if date is None:
        return When("")
    delay_ms = section.duration_ms("delay") or 0
    return When(date.event, date.where, date.unless, delay_ms=delay_ms, date=date.date)


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


def _read_cut_off(section: Section, zone: str) -> CutOff | None:
    """An instant, a duration from the due time, or a time of day on the user's clock (C043)."""
    value = section.values.get("cut_off")
    if value is None:
        return None
    minute, after_ms, at_ms = read_time_of_day(value), read_duration(value), read_instant(value, zone)
    if after_ms == 0:
        section.refuse("cut_off", "must be above zero")
    elif minute is None and after_ms is None and at_ms is None:
        hint = asked(meant.cut_off(value), 'as in "20:00", 2h or 2026-12-01T20:00')
        section.refuse("cut_off", f"{described(value)} is no time of day, duration or date", hint)
    return CutOff(at_ms, after_ms, minute)


def _read_minute(quiet: Section, key: str) -> int | None:
    value = quiet.values.get(key)
    minute = read_time_of_day(value)
    if value is None:
        quiet.refuse(key, "is missing", 'a time of day, as in "21:00"')
    elif minute is None:
        at = meant.time_of_day(value)
        hint = 'write it in quotes, as in "21:00"'
        quiet.refuse(key, f"{described(value)} is no time of day", asked(at and f'"{at}"', hint))
    return minute
