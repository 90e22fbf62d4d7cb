"""Where an IP address is, by a database of the operator's (setting `geoip`, C018). MaxMind's format."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import Any

import maxminddb

from app.domain.model.event import Place
from app.settings import Problem, Settings, SettingsError

REMEMBERED = 20_000


class NoDatabase(Exception):
    """The file is not there, or is none."""


class GeoIp:
    """An open database. What was looked up lately is remembered."""

    def __init__(self, path: Path) -> None:
        """Raises NoDatabase."""
        try:
            self._reader = _open(path)
        except (OSError, maxminddb.InvalidDatabaseError, ValueError) as error:
            raise NoDatabase(f"{path} is no database of places: {error}") from error
        self.find = lru_cache(maxsize=REMEMBERED)(self._find)

    def close(self) -> None:
        """Let go of the file."""
        self._reader.close()

    def _find(self, address: str) -> Place | None:
        """None for what is no address, is in no network of the database, or is nowhere."""
        try:
            found: Any = self._reader.get(address)
        except (
            ValueError,
            maxminddb.InvalidDatabaseError,
            SystemError,
        ):  # the last: its C code, of damaged text
            return None
        return read_place(found)


def _open(path: Path) -> maxminddb.Reader:
    """The reader maps its file into memory: of a copy that nobody else has, so that an operator may write a newer one
    over it. Cut short while it is mapped, the file itself would end the process with SIGBUS.
    """
    with TemporaryDirectory(prefix="carillon-geoip-") as folder:
        copy = Path(folder) / path.name
        copyfile(path, copy)
        return maxminddb.open_database(copy)


@lru_cache(maxsize=1)
def finder(path: Path | None) -> Callable[[str], Place | None] | None:
    """Where addresses are, if there is a database for it; opened once. Raises NoDatabase."""
    return None if path is None else GeoIp(path).find


def places(settings: Settings) -> Callable[[str], Place | None] | None:
    """As the settings have it. Raises SettingsError."""
    try:
        return finder(settings.geoip)
    except NoDatabase as error:
        raise SettingsError([Problem("geoip", str(error))]) from error


def read_place(found: Any) -> Place | None:
    """The place of one record: MaxMind's own nested form, or flat fields as others write them."""
    if not isinstance(found, dict):
        return None
    country = found.get("country", found.get("registered_country"))
    if isinstance(country, dict):
        country = country.get("iso_code")
    regions = found.get("subdivisions")
    region = regions[0] if isinstance(regions, list) and regions else found.get("region")
    place = Place(_text(found.get("country_code", country)), _name(region), _name(found.get("city")))
    return None if place == Place() else place


def _name(value: Any) -> str | None:
    if isinstance(value, dict):
        names = value.get("names")
        value = names.get("en") if isinstance(names, dict) else None
    return _text(value)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
