"""Cities in files: `Paris`, `Paris, FR`, `Portland, OR, US`, or `{city: Paris, country: FR}` (C019)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from app.domain.files.meant import nearest
from app.domain.files.problems import child
from app.domain.files.section import Section, described
from app.domain.rules import cities
from app.domain.rules.cities import City
from app.domain.rules.countries import country_code, country_names

KEYS = frozenset({"city", "country", "region"})
PARTS = 3
CODE = 2
SHOWN = 5
EXAMPLE = 'as in [Paris, "Portland, OR, US", {city: Birmingham, country: GB}]'
BY_POINT = "give its latitude and longitude under of"


class _Asked(NamedTuple):
    """What a file says of one city: its name, and the country and region as they are written."""

    name: str
    country: str | None = None
    region: str | None = None


def read_cities(near: Section) -> tuple[City, ...]:
    """The cities under `cities`; those with a problem are left out."""
    given = near.values.get("cities")
    if given is None:
        return ()
    if not isinstance(given, list) or not given:
        near.refuse("cities", "must be a list of cities", EXAMPLE)
        return ()
    found = [_read_city(near, item, f"cities[{at}]") for at, item in enumerate(given)]
    return tuple(each for each in found if each is not None)


def _read_city(near: Section, item: Any, key: str) -> City | None:
    asked = _read_map(near, item, key) if isinstance(item, Mapping) else _read_text(near, item, key)
    if asked is None:
        return None
    code = None if asked.country is None else country_code(asked.country)
    if asked.country is not None and code is None:
        _refuse_country(near, asked.country, key)
        return None
    city, candidates = cities.find(asked.name, code, asked.region)
    if city is None:
        _refuse(near, key, asked, code, candidates)
    return city


def _read_map(near: Section, item: Mapping[str, Any], key: str) -> _Asked | None:
    section = Section(item, child(near.path, key), near.problems)
    before = len(near.problems)
    section.only(KEYS)
    asked = _Asked(section.required_text("city"), section.text("country"), section.text("region"))
    if asked.region is not None and asked.country is None:
        section.refuse("region", "is of no country", "add country")
    return asked if len(near.problems) == before else None


def _read_text(near: Section, item: Any, key: str) -> _Asked | None:
    parts = [part.strip() for part in item.split(",")] if isinstance(item, str) else []
    if not parts or len(parts) > PARTS or not all(parts):
        near.refuse(key, f"{described(item)} is no city", EXAMPLE)
        return None
    return _Asked(parts[0], parts[-1] if parts[1:] else None, parts[1] if parts[2:] else None)


def _refuse_country(near: Section, country: str, key: str) -> None:
    close = nearest(country.casefold(), country_names())
    hint = "an ISO code or a name in English" if close is None else f"did you mean {close!r}?"
    near.refuse(key, f"{country!r} is no country", f"{hint}; the country stands last, as in Paris, FR")


def _refuse(near: Section, key: str, asked: _Asked, code: str | None, candidates: Sequence[City]) -> None:
    """Nobody, or several: those elsewhere are offered where none is in the country that is named."""
    if candidates:
        near.refuse(key, f"{asked.name!r} may be several cities", _either(candidates))
        return
    where = "" if code is None else f" in {', '.join(filter(None, (asked.region, code)))}"
    near.refuse(
        key,
        f"there is no city {asked.name!r}{where} of {cities.SMALLEST:,} people or more",
        _meant(asked, code),
    )


def _meant(asked: _Asked, code: str | None) -> str:
    """The same name elsewhere, or one that is spelt almost alike."""
    elsewhere = _elsewhere(asked)
    if elsewhere:
        return _either(elsewhere)
    if len(asked.name) == CODE and country_code(asked.name) is not None:
        return 'one pair of quotes around city and country, as in "Paris, FR"'
    close = nearest(asked.name, cities.names(code))
    return (
        f"of a smaller one {BY_POINT}"
        if close is None
        else f"did you mean {close!r}? Of a smaller one {BY_POINT}"
    )


def _elsewhere(asked: _Asked) -> Sequence[City]:
    city, candidates = cities.find(asked.name)
    return candidates if city is None else [city]


def _either(candidates: Sequence[City]) -> str:
    """How to write each, the largest first; where two are written alike, only points tell them apart."""
    written = [str(each) for each in candidates]
    shown = [f'"{city}" ({city.population:,} people)' for city in candidates[:SHOWN]]
    rest = f", and {len(candidates) - SHOWN} more" if len(candidates) > SHOWN else ""
    twice = f"; for a smaller one of the same region {BY_POINT}" if len({*written}) < len(written) else ""
    return f"write {' or '.join(shown)}{rest}{twice}"
