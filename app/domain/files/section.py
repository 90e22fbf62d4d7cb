"""One map of a file while it is read: each question gives a value, and notes a problem where there
is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from app.domain.files import meant
from app.domain.files.durations import FORM, read_duration
from app.domain.files.problems import Problem, child, suggestion
from app.domain.rules.zones import instant, is_zone, names

Choice = TypeVar("Choice", bound=StrEnum)


class Section:
    """`problems` is shared by all sections of a file. A key with a problem reads as its default."""

    def __init__(self, values: Mapping[str, Any], path: str, problems: list[Problem]) -> None:
        self.values = values
        self.path = path
        self.problems = problems

    def refuse(self, key: str, message: str, hint: str = "") -> None:
        """Note a problem with a key; an empty key means the section itself."""
        self.problems.append(Problem(child(self.path, key) if key else self.path, message, hint))

    def only(self, supported: frozenset[str], not_yet: frozenset[str] = frozenset()) -> None:
        """Refuse every other key: as not yet supported, or as unknown with the nearest known one."""
        for key in self.values:
            if key in not_yet:
                self.refuse(key, f"{child(self.path, key)} is not supported yet")
            elif key == "<<":
                self.refuse(key, "merge keys are not supported", "write the keys out")
            elif key not in supported:
                self.refuse(key, f"unknown key {key!r}", suggestion(key, supported, not_yet))

    def given(self, key: str) -> bool:
        """True where the key has a value; a null counts as left out."""
        return self.values.get(key) is not None

    def section(self, key: str, example: str = "") -> Section | None:
        """The map under the key; None where it is left out or is none. `example`: what one looks like."""
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            self.refuse(key, f"must be a map, not {described(value)}", example)
            return None
        return Section(value, child(self.path, key), self.problems)

    def text(self, key: str) -> str | None:
        """Text that is not empty."""
        value = self.values.get(key)
        if value is None or (isinstance(value, str) and value.strip()):
            return value
        hint = (
            "put it in quotes"
            if isinstance(value, int | float)
            else "text that begins with {{ goes in quotes"
        )
        self.refuse(key, f"must be text, not {described(value)}", hint)
        return None

    def required_text(self, key: str) -> str:
        """Text that must be there; empty where it is not."""
        if not self.given(key):
            self.refuse(key, "is missing")
        return self.text(key) or ""

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of different texts."""
        value = self.values.get(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            self.refuse(key, "must be a list of texts", "as in [offers, news]")
            return ()
        if len(set(value)) < len(value):
            self.refuse(key, "names something twice")
        return tuple(value)

    def flag(self, key: str, default: bool) -> bool:
        """true or false."""
        value = self.values.get(key)
        if isinstance(value, bool):
            return value
        if value is not None:
            hint = meant.asked(meant.flag(value), "")
            self.refuse(key, f"must be true or false, not {described(value)}", hint)
        return default

    def duration_ms(self, key: str) -> int | None:
        """A duration, in milliseconds."""
        value = self.values.get(key)
        duration_ms = read_duration(value)
        if value is not None and duration_ms is None:
            hint = meant.asked(meant.duration(value), f"write {FORM}")
            self.refuse(key, f"{described(value)} is no duration", hint)
        return duration_ms

    def choice(self, key: str, choices: type[Choice], default: Choice) -> Choice:
        """One of the words of an enum."""
        value = self.values.get(key)
        if value is None:
            return default
        if isinstance(value, str) and value in set(choices):
            return choices(value)
        self.refuse(key, f"{described(value)} is none of the choices", suggestion(value, set(choices)))
        return default

    def zone(self, key: str) -> str | None:
        """An IANA time zone."""
        value = self.text(key)
        if value is None or is_zone(value):
            return value
        self.refuse(key, f"{value!r} is no IANA time zone", suggestion(value, names()))
        return None

    def instant_ms(self, key: str, zone: str) -> int | None:
        """A date or a date with a time; without a zone of its own it is on the wall clock of `zone`."""
        value = self.values.get(key)
        at_ms = read_instant(value, zone)
        if value is not None and at_ms is None:
            hint = meant.asked(meant.instant(value), "write 2026-11-23 or 2026-11-23T09:00")
            self.refuse(key, f"{described(value)} is no date", hint)
        return at_ms


def read_instant(value: object, zone: str) -> int | None:
    """Milliseconds since the epoch of ISO 8601 text; None for what is none."""
    if not isinstance(value, str) or len(value) < len("2026-11-23") or value[4] != "-":
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return instant(moment, zone) if moment.tzinfo is None else round(moment.timestamp() * 1000)


def described(value: object) -> str:
    """A value in a sentence to a person."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return repr(value if len(value) <= 60 else f"{value[:57]}...")  # noqa: PLR2004 - fits a line
        case list():
            return "a list"
        case Mapping():
            return "a map"
        case None:
            return "nothing"
        case _:
            return str(value)
