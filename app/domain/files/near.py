"""`near` in files: points or cities, and how far from them (C019)."""

from __future__ import annotations

from typing import Any

from app.domain.files.cities import read_cities
from app.domain.files.section import Section, described
from app.domain.model.condition import EVERYONE, Condition, Near
from app.domain.rules.comparisons import is_number

KEYS = frozenset({"km", "of", "cities"})
FARTHEST_KM = 20_040
"""Half way around the earth: everywhere."""
_DEGREES = (90, 180)


def read_near(section: Section, _zone: str) -> Condition:
    """Reads `near: {km, of: [[latitude, longitude], ...], cities: [Paris, ...]}`: one of the two lists, or both."""
    section.only(frozenset({"near"}))
    near = section.section("near")
    if near is None:
        if not section.given("near"):
            section.refuse("near", "is missing", "as in near: {km: 25, of: [[48.85, 2.35]]}")
        return EVERYONE
    near.only(KEYS)
    km = _read_km(near)
    cities = read_cities(near)
    points = _read_points(near) if near.given("of") or not near.given("cities") else ()
    places = tuple((city.latitude, city.longitude) for city in cities)
    return Near(km, (*points, *places), tuple(map(str, cities)))


def _read_km(near: Section) -> float:
    km = near.values.get("km")
    if km is None:
        near.refuse("km", "is missing", "how far, as in km: 25")
    elif not is_number(km) or not 0 < km <= FARTHEST_KM:
        near.refuse("km", f"must be a number above zero, at most {FARTHEST_KM}, not {described(km)}")
    else:
        return float(km)
    return 0.0


def _read_points(near: Section) -> tuple[tuple[float, float], ...]:
    of = near.values.get("of")
    if not isinstance(of, list) or not of:
        near.refuse(
            "of", "must be a list of points", "as in [[48.85, 2.35]]: latitude, longitude; or name cities"
        )
        return ()
    points = of if isinstance(of[0], list) else [of]
    for at, point in enumerate(points):
        wrong = _fault(point)
        if wrong is not None:
            near.refuse(f"of[{at}]" if points is of else "of", *wrong)
    return tuple((float(point[0]), float(point[1])) for point in points if _fault(point) is None)


def _fault(point: Any) -> tuple[str, str] | None:
    if not isinstance(point, list) or len(point) != len(_DEGREES) or not all(map(is_number, point)):
        return "is no point", "two numbers: [latitude, longitude]"
    latitude, longitude = point
    if abs(latitude) <= _DEGREES[0] and abs(longitude) <= _DEGREES[1]:
        return None
    swapped = abs(longitude) <= _DEGREES[0] and abs(latitude) <= _DEGREES[1]
    return (
        "latitude is from -90 to 90, longitude from -180 to 180",
        f"did you mean [{longitude}, {latitude}]?" if swapped else "",
    )
