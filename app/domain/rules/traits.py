"""The traits whose value is more than what is stored: age, gender, country, city, language, time zone (C017-C018).

A trait wins over what devices and addresses say, a birthday over an age (SPEC section 9, Conditions).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from app.domain.model.condition import Leaf, Operator
from app.domain.model.event import Place
from app.domain.model.user import User
from app.domain.rules.countries import country_code, language_code
from app.domain.rules.dates import milliseconds
from app.domain.rules.zones import is_zone, local

Value = Callable[[User, int, str], Any]
"""(user, now_ms, zone of those who have none) -> the value; None where it is missing."""

GENDERS = MappingProxyType({"m": "male", "man": "male", "f": "female", "woman": "female"})
_EQUALITY = frozenset({Operator.IS, Operator.IS_NOT, Operator.IN, Operator.NOT_IN})


def age(user: User, now_ms: int, zone: str) -> Any:
    """Whole years on the user's calendar since the birthday; else the trait."""
    traits = user.profile.traits
    born = _date(traits.get("birthday"))
    if born is None:
        return traits.get("age")
    own = timezone(user, now_ms, zone)
    today = local(now_ms, own if isinstance(own, str) and is_zone(own) else zone).date()
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return traits.get("age") if years < 0 else years


def gender(user: User, _now_ms: int, _zone: str) -> Any:
    """The trait, in lower case; `m` and `f` are understood."""
    return gender_of(user.profile.traits.get("gender"))


def country(user: User, _now_ms: int, _zone: str) -> Any:
    """The code of the trait, else of the place of the last address."""
    value = user.profile.traits.get("country")
    if value is None:
        return _place(user).country
    return country_of(value)


def region(user: User, _now_ms: int, _zone: str) -> Any:
    """The trait, else the region of the last address."""
    value = user.profile.traits.get("region")
    return _place(user).region if value is None else value


def city(user: User, _now_ms: int, _zone: str) -> Any:
    """The trait, else the city of the last address."""
    value = user.profile.traits.get("city")
    return _place(user).city if value is None else value


def language(user: User, _now_ms: int, _zone: str) -> Any:
    """The code of the trait, else of what the device said last."""
    value = user.profile.traits.get("language")
    return language_of(user.profile.locale if value is None else value)


def timezone(user: User, _now_ms: int, _zone: str) -> Any:
    """The trait, else what the device said last."""
    value = user.profile.traits.get("timezone")
    return user.profile.zone if value is None else value


def country_of(value: Any) -> Any:
    """A country's code; what is none stays as it is."""
    return (country_code(value) or value) if type(value) is str else value


def language_of(value: Any) -> Any:
    """A language's code; what is none stays as it is."""
    return (language_code(value) or value) if type(value) is str else value


def gender_of(value: Any) -> Any:
    """One word for each gender that has several; what is no text stays as it is."""
    if type(value) is not str:
        return value
    plain = value.strip().casefold()
    return GENDERS.get(plain, plain)


VALUES: Mapping[str, Value] = MappingProxyType(
    {
        "age": age,
        "gender": gender,
        "country": country,
        "region": region,
        "city": city,
        "language": language,
        "timezone": timezone,
    }
)
SPELLINGS: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {"country": country_of, "language": language_of, "gender": gender_of}
)


def spelled(test: Leaf) -> Leaf:
    """The comparison with its operand spelt as values are: names of countries as codes."""
    spell = SPELLINGS.get(test.field)
    if spell is None or test.operator not in _EQUALITY:
        return test
    operand = test.operand
    if test.operator in {Operator.IN, Operator.NOT_IN}:
        return replace(test, operand=tuple(spell(each) for each in operand))
    return replace(test, operand=spell(operand))


def _place(user: User) -> Place:
    whereabouts = user.activity.whereabouts
    return NOWHERE if whereabouts is None or whereabouts.place is None else whereabouts.place


def _date(value: Any) -> date | None:
    """The calendar date that a text or a number of seconds names."""
    if type(value) is str:
        try:
            return date.fromisoformat(value[:10]) if milliseconds(value) is not None else None
        except ValueError:
            return None
    at_ms = milliseconds(value)
    return None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC).date()


NOWHERE = Place()
