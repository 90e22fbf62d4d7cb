"""Expectations in files: given these messages, expect these pushes (CONTRACT section 2, C163)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from app.domain.files.problems import Problem, suggestion
from app.domain.files.section import Section, described
from app.domain.model.reason import EXPLANATIONS, CountsAs, Reason

KEYS = frozenset({"test", "campaigns", "given", "until", "expect"})
MESSAGE = frozenset(
    {
        "at",
        "user",
        "identify",
        "event",
        "properties",
        "device",
        "timezone",
        "locale",
        "id",
        "context",
        "anonymous",
    }
)
CONTEXT = ("device", "timezone", "locale")
CLEARED = frozenset({"user", "campaign", "at"})
TEXTS = frozenset({"title", "body", "link", "image", "collapse"})
COMPARED = TEXTS | {"data"}
EXPECTED = CLEARED | COMPARED | {"reason", "inbox"}
DROPS = frozenset(str(r) for r, told in EXPLANATIONS.items() if CountsAs.DROPPED in told.counts_as)


class Given(Struct, frozen=True):
    """One message of a test, as it would stand in `events`; `path`: where it stands in the file."""

    at_ms: int
    user: str
    message: Mapping[str, Any]
    path: str = ""


class Expected(Struct, frozen=True):
    """One push that is to be cleared, one drop (`reason`), or one inbox item; None is not compared."""

    user: str | None = None
    campaign: str | None = None
    at_ms: int | None = None
    reason: Reason | None = None
    inbox: bool = False
    compared: Mapping[str, Any] = {}
    path: str = ""


class Expectations(Struct, frozen=True):
    """One `test` document. `campaigns` None: those of its own file; `until_ms` None: the last message's time."""

    name: str
    campaigns: tuple[str, ...] | None
    given: tuple[Given, ...]
    until_ms: int | None
    expect: tuple[Expected, ...]


def read_expectations(values: Mapping[str, Any], zone: str) -> Expectations | list[Problem]:
    """The test, or every problem it has. Times without a zone are in `zone`."""
    problems: list[Problem] = []
    section = Section(values, "", problems)
    section.only(KEYS)
    read = Expectations(
        section.required_text("test"),
        section.texts("campaigns") or None,
        tuple(_read_given(each, zone) for each in _maps(section, "given")),
        section.instant_ms("until", zone),
        tuple(_read_expected(each, zone) for each in _maps(section, "expect")),
    )
    if read.campaigns is not None:
        _check_named(section, read)
    return problems or read


def _maps(section: Section, key: str) -> Iterator[Section]:
    """The maps of a list that must be there; an empty one may be."""
    value = section.values.get(key)
    if not isinstance(value, list):
        hint = {"given": "a list of messages", "expect": "a list of pushes; [] where none is cleared"}[key]
        found = "is missing" if value is None else f"must be a list, not {described(value)}"
        section.refuse(key, found, hint)
        return
    for place, item in enumerate(value):
        path = f"{key}[{place}]"
        if isinstance(item, Mapping):
            yield Section(item, path, section.problems)
        else:
            section.refuse(path, f"must be a map, not {described(item)}", "as in {user: u1, …}")


def _read_given(line: Section, zone: str) -> Given:
    line.only(MESSAGE)
    user, at_ms = line.required_text("user"), _required_instant(line, zone)
    if line.given("identify") == line.given("event"):
        line.refuse(
            "", "is one message: either identify or event", "as in {at: …, user: u1, event: purchase}"
        )
    for key in ("identify", "properties", "device", "context"):
        line.section(key)
    if line.given("properties") and not line.given("event"):
        line.refuse("properties", "belong to an event", "traits stand under identify itself")
    message: dict[str, Any] = {"userId": user}
    if line.given("event"):
        message |= {
            "type": "track",
            "event": line.text("event"),
            "properties": line.values.get("properties") or {},
        }
    else:
        message |= {"type": "identify", "traits": line.values.get("identify")}
    for key, name in (("id", "messageId"), ("anonymous", "anonymousId")):
        if line.given(key):
            message[name] = line.text(key)
    context = _read_context(line)
    return Given(at_ms, user, message | ({"context": context} if context else {}), line.path)


def _read_context(line: Section) -> dict[str, Any]:
    device = line.section("device")
    if device is not None:
        device.required_text("id")
    line.zone("timezone")
    line.text("locale")
    named = {key: line.values[key] for key in CONTEXT if line.given(key)}
    return {**(line.values.get("context") or {}), **named}


def _required_instant(line: Section, zone: str) -> int:
    if not line.given("at"):
        line.refuse("at", "is missing", "when it happened, as in 2026-11-23T10:00:00Z")
    return line.instant_ms("at", zone) or 0


def _read_expected(line: Section, zone: str) -> Expected:
    line.only(EXPECTED)
    reason = line.text("reason")
    if reason is not None and reason not in DROPS:
        line.refuse("reason", f"{reason!r} is no reason for a drop", suggestion(reason, DROPS))
        reason = None
    inbox = line.flag("inbox", default=False)
    if inbox and reason is not None:
        line.refuse("inbox", "is no drop", "leave out either inbox or reason")
    for key in sorted(TEXTS):
        line.text(key)
    line.section("data")
    return Expected(
        line.text("user"),
        line.text("campaign"),
        line.instant_ms("at", zone),
        None if reason is None else Reason(reason),
        inbox,
        {key: line.values[key] for key in sorted(COMPARED) if line.given(key)},
        line.path,
    )


def _check_named(section: Section, read: Expectations) -> None:
    named = read.campaigns or ()
    for place, expected in enumerate(read.expect):
        if expected.campaign is not None and expected.campaign not in named:
            where = f"expect[{place}].campaign"
            section.refuse(
                where, f"{expected.campaign!r} is none of campaigns", suggestion(expected.campaign, named)
            )
