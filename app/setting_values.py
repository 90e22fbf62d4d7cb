"""The kinds of value that settings are made of: how each is written, and what is said of a wrong one.

A message never repeats a value that could be a secret.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, ValidationInfo

from app.domain.rules.addresses import address_in

UNITS_MS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000}
LONGEST_MS = 36_500 * UNITS_MS["d"]
LAST_PORT = 65_535

_DURATION = re.compile(r"(\d{1,15})([smhd])", re.ASCII)
_HOST = re.compile(r"\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.*-]+|[0-9A-Fa-f:.]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def duration_ms(value: object) -> int:
    """Read `90s`, `10m`, `4h` or `30d` as milliseconds. Raises ValueError."""
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("is not a duration; write a whole number and a unit, as 90s, 10m, 4h or 30d")
    length_ms = int(found[1]) * UNITS_MS[found[2]]
    if length_ms > LONGEST_MS:
        raise ValueError("is longer than 36500d")
    return length_ms


def format_duration(length_ms: int) -> str:
    """Write milliseconds as `duration_ms` reads them, in the largest unit that leaves no rest."""
    unit = next(unit for unit, size_ms in UNITS_MS.items() if length_ms % size_ms == 0)
    return f"{length_ms // UNITS_MS[unit]}{unit}"


def address(value: object) -> object:
    """Read `host:port`. Raises ValueError."""
    if not isinstance(value, str):
        return value
    host, _, port = value.rpartition(":")
    if not _HOST.fullmatch(host) or not _is_port(port):
        raise ValueError("is not an address; write host:port, as 127.0.0.1:6066")
    return Address(host.strip("[]"), int(port))


def servers(value: str) -> str:
    """Check a list of bootstrap servers. Raises ValueError."""
    for each in value.split(","):
        host, _, port = each.strip().rpartition(":")
        if not _HOST.fullmatch(host) or not _is_port(port):
            raise ValueError("is not a list of servers; write host:port, with commas between several")
    return ",".join(each.strip() for each in value.split(","))


def host_name(value: str) -> str:
    """Check a host name or an IP address. Raises ValueError."""
    if not _HOST.fullmatch(value):
        raise ValueError("is not a host; write the name or the IP address alone, as api.example")
    return value


def known_zone(value: str) -> str:
    """Check a zone against the pinned IANA list, the same on every machine. Raises ValueError."""
    zones = files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    if value in zones:
        return value
    by_lower = {zone.lower(): zone for zone in zones}
    near = get_close_matches(value.lower(), by_lower, n=1, cutoff=0.0)[0]
    raise ValueError(f"is not an IANA zone; the nearest one is {by_lower[near]!r}")


def secret_path(value: object) -> object:
    """Refuse a secret where the path of its file belongs. Raises ValueError."""
    if isinstance(value, str) and ("\n" in value or "-----" in value or value.lstrip().startswith("{")):
        raise ValueError("holds the secret itself; put it into a file and give its path")
    return value


def web_url(*schemes: str) -> Callable[[str], str]:
    """Return a check for an address with one of these schemes. It raises ValueError."""

    def check(value: str) -> str:
        try:
            parts = urlsplit(value)
            usable = parts.scheme in schemes and (parts.hostname or (parts.scheme == "mailto" and parts.path))
            _ = parts.port
        except ValueError:
            usable = None
        if not usable:
            raise ValueError(f"is not an address that starts with {' or '.join(schemes)}:")
        return value

    return check


def without_login(value: str) -> str:
    """Refuse a user or a password within an address. Raises ValueError."""
    if urlsplit(value).username is not None or urlsplit(value).password is not None:
        raise ValueError(
            'holds a user or a password; put {"user": "...", "password": "..."} into a file and give its path as '
            "`credentials`"
        )
    return value


def mail_address(value: str) -> str:
    """Check a sender's address, alone or behind a name. Raises ValueError."""
    if address_in(value) is None:
        raise ValueError("is not an e-mail address; write alerts@example.com, or Alerts <alerts@example.com>")
    return value


def topic_prefix(value: str) -> str:
    """Check the name of the app, which starts every topic, group and table. Raises ValueError."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,99}", value):
        raise ValueError("must be at most 100 lower-case letters, digits, '.', '_' or '-'")
    return value


def topic_name(value: str) -> str:
    """Check the name of a topic. Raises ValueError."""
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,249}", value) or value in {".", ".."}:
        raise ValueError("is not a topic; use at most 249 letters, digits, '.', '_' or '-'")
    return value


def _is_port(value: str) -> bool:
    return value.isascii() and value.isdigit() and 0 < int(value) <= LAST_PORT


def _in_folder(path: Path, info: ValidationInfo) -> Path:
    """Read a relative path from the folder of the file that it stands in."""
    return info.context["folder"] / path if info.context else path


def _not_zero(length_ms: int) -> int:
    if length_ms == 0:
        raise ValueError("must be longer than nothing")
    return length_ms


def _window_ms(value: object) -> int | None:
    if value == "day":
        return None
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        raise ValueError("is neither 'day', the calendar day of the user, nor a duration as 4h or 30d")
    return _not_zero(duration_ms(value))


def _format_window(window_ms: int | None) -> str:
    return "day" if window_ms is None else format_duration(window_ms)


Text = Annotated[str, Field(min_length=1)]
Whole = Annotated[int, Field(strict=True, ge=1)]
Flag = Annotated[bool, Field(strict=True)]
Zone = Annotated[str, AfterValidator(known_zone)]
Host = Annotated[str, AfterValidator(host_name)]
Servers = Annotated[str, AfterValidator(servers)]
Listen = Annotated[Address, BeforeValidator(address)]
TopicPrefix = Annotated[str, AfterValidator(topic_prefix)]
TopicName = Annotated[str, AfterValidator(topic_name)]
HttpUrl = Annotated[str, AfterValidator(web_url("https", "http"))]
MailUrl = Annotated[str, AfterValidator(web_url("smtp", "smtps")), AfterValidator(without_login)]
MailAddress = Annotated[str, AfterValidator(mail_address)]
Contact = Annotated[str, AfterValidator(web_url("mailto", "https"))]
Duration = Annotated[int, BeforeValidator(duration_ms), PlainSerializer(format_duration)]
Interval = Annotated[Duration, AfterValidator(_not_zero)]
Window = Annotated[int | None, BeforeValidator(_window_ms), PlainSerializer(_format_window)]
Place = Annotated[Path, AfterValidator(_in_folder)]
SecretFile = Annotated[Path, BeforeValidator(secret_path), AfterValidator(_in_folder)]
Lists = Annotated[Mapping[str, tuple[Text, ...]], AfterValidator(MappingProxyType), PlainSerializer(dict)]
