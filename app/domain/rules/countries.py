"""Countries by their ISO 3166 codes and names, languages by their ISO 639-1 codes and names: the codes count.

The codes and names of countries are those that come with the time zones.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from unicodedata import combining, normalize

from app.domain.rules.languages import LANGUAGES

ALSO = MappingProxyType({
    "america": "US", "britain": "GB", "burma": "MM", "cape verde": "CV", "congo": "CG", "cote d'ivoire": "CI",
    "democratic republic of the congo": "CD", "czechia": "CZ", "east timor": "TL", "england": "GB",
    "great britain": "GB", "holland": "NL", "ivory coast": "CI", "korea": "KR", "macau": "MO", "north korea": "KP",
    "north macedonia": "MK", "republic of korea": "KR", "russian federation": "RU", "samoa": "WS",
    "south korea": "KR", "swaziland": "SZ", "turkiye": "TR", "u.k.": "GB", "u.s.": "US", "u.s.a.": "US", "uk": "GB",
    "united kingdom": "GB", "united states of america": "US", "usa": "US", "vatican": "VA", "viet nam": "VN",
})  # fmt: skip
"""Names that people write and the list does not have."""


@lru_cache(maxsize=1)
def countries() -> Mapping[str, str]:
    """Code -> name in English."""
    text = (resources.files("tzdata") / "zoneinfo" / "iso3166.tab").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return MappingProxyType(dict(line.split("\t") for line in lines))


@lru_cache(maxsize=4096)
def country_code(text: str) -> str | None:
    """The two-letter code of a country that is written as a code or a name, in any case; None where it is none."""
    return _country_names().get(_plain(text))


@lru_cache(maxsize=4096)
def language_code(text: str) -> str | None:
    """The two-letter code of a language that is written as a code, a locale (`fr-CA`) or a name."""
    plain = _plain(text)
    code = plain.replace("_", "-").partition("-")[0]
    return code if code in LANGUAGES else _language_names().get(plain)


def country_names() -> Mapping[str, str]:
    """Whatever is understood as a country -> its code, in lower case."""
    return _country_names()


def language_names() -> Mapping[str, str]:
    """Whatever is understood as a language -> its code, in lower case; without locales."""
    return {**{code: code for code in LANGUAGES}, **_language_names()}


@lru_cache(maxsize=1)
def _country_names() -> Mapping[str, str]:
    names = {_plain(name): code for code, name in countries().items()}
    short = {name.partition("(")[0].strip(): code for name, code in names.items()}
    codes = {code.lower(): code for code in countries()}
    return MappingProxyType(short | names | ALSO | codes)


@lru_cache(maxsize=1)
def _language_names() -> Mapping[str, str]:
    return MappingProxyType(
        {_plain(name): code for code, names in LANGUAGES.items() for name in names.split("/")}
    )


def _plain(text: str) -> str:
    """Without case, accents and doubled blanks."""
    letters = "".join(each for each in normalize("NFKD", text.casefold()) if not combining(each))
    return " ".join(letters.replace("&", "and").split())
