"""`near: {cities}` in files: a name becomes a place; what is no place, or several, is told with what to write."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from app.domain.files.campaign import read_campaign
from app.domain.files.problems import Problem
from app.domain.model.campaign import Campaign
from app.domain.model.condition import Near
from app.domain.rules import cities
from app.domain.rules.wording import condition_text

PARIS = (48.85341, 2.3488)
PARIS_TEXAS = (33.66094, -95.55551)
PATH = "who.near.cities"


def reading(near: Any) -> Near | list[Problem]:
    document = {"campaign": "c", "when": {"event": "e"}, "what": {"title": "t", "body": "b"}}
    read = read_campaign(document | {"who": {"near": near}}, app_zone="UTC", amplify_default=False)
    if not isinstance(read, Campaign):
        return read
    assert isinstance(read.who, Near)
    return read.who


def one_problem(city: Any) -> Problem:
    found = reading({"km": 5, "cities": [city]})
    assert isinstance(found, list)
    (problem,) = found
    return problem


@pytest.mark.parametrize(
    ("written", "named", "point"),
    [
        ("Paris", "Paris, 11, FR", PARIS),
        ("paris, france", "Paris, 11, FR", PARIS),
        ("Paris, TX, US", "Paris, TX, US", PARIS_TEXAS),
        ("Paris, US", "Paris, TX, US", PARIS_TEXAS),
        ({"city": "Paris", "country": "US"}, "Paris, TX, US", PARIS_TEXAS),
        ({"city": "Paris", "country": "United States", "region": "tx"}, "Paris, TX, US", PARIS_TEXAS),
        ({"city": "Paris", "country": None}, "Paris, 11, FR", PARIS),
        ("München", "Munich, 02, DE", (48.13743, 11.57549)),
        ("munchen", "Munich, 02, DE", (48.13743, 11.57549)),
        ("Wien", "Vienna, 09, AT", (48.20849, 16.37208)),
        ("London", "London, ENG, GB", (51.50853, -0.12574)),
        ("London, Canada", "London, 08, CA", (42.98339, -81.23304)),
        ("St. Louis", "St. Louis, MO, US", (38.62727, -90.19789)),
    ],
)
def test_a_city_is_stored_as_its_point(written: Any, named: str, point: tuple[float, float]) -> None:
    """C019: what a worker gets is coordinates; the name is for people."""
    found = reading({"km": 5, "cities": [written]})
    assert isinstance(found, Near), found
    assert (found.cities, len(found.points)) == ((named,), 1)
    assert found.points[0] == pytest.approx(point, abs=0.02)


def test_points_and_cities_stand_together() -> None:
    found = reading({"km": 5, "of": [45.76, 4.84], "cities": ["Paris", "Lille, FR"]})
    assert isinstance(found, Near)
    assert found.points[0] == (45.76, 4.84)
    assert (len(found.points), found.cities) == (3, ("Paris, 11, FR", "Lille, 32, FR"))


@pytest.mark.parametrize(
    ("written", "message", "meant"),
    [
        ("Springfield", "may be several cities", 'write "Springfield, MO, US" ('),
        ("Springfield", "may be several cities", " more"),
        ("Mexico", "may be several cities", '"Mexico City, 09, MX"'),
        ("Portland, US", "may be several cities", '"Portland, ME, US"'),
        ("Springfield, IL", "no city 'Springfield' in IL", '"Springfield, IL, US"'),
        ("Paris, DE", "no city 'Paris' in DE", 'write "Paris, 11, FR"'),
        ("Pariss", "there is no city 'Pariss'", "did you mean 'Paris'?"),
        ("Marseile, FR", "no city 'Marseile' in FR", "did you mean 'Marseille'?"),
        ("Xqwzvj", "there is no city", "give its latitude and longitude under of"),
        ("FR", "there is no city 'FR'", 'one pair of quotes around city and country, as in "Paris, FR"'),
        ("Paris, Frnce", "'Frnce' is no country", "did you mean 'france'?"),
        ("Paris, a, b, c", "is no city", "as in [Paris,"),
        ("", "is no city", "as in [Paris,"),
        (7, "7 is no city", "as in [Paris,"),
    ],
)  # fmt: skip
def test_what_is_no_city_or_several_is_told_with_what_was_meant(
    written: Any, message: str, meant: str
) -> None:
    problem = one_problem(written)
    assert problem.path == f"{PATH}[0]"
    assert message in problem.message
    assert meant in problem.hint


@pytest.mark.parametrize(
    ("near", "path", "meant"),
    [
        ({"km": 5, "cities": "Paris"}, PATH, "as in [Paris,"),
        ({"km": 5, "cities": []}, PATH, "as in [Paris,"),
        ({"km": 5}, "who.near.of", "or name cities"),
        ({"km": 5, "citys": ["Paris"], "of": [1, 2]}, "who.near.citys", "did you mean 'cities'?"),
        ({"km": 5, "cities": [{"city": "Paris", "region": "TX"}]}, f"{PATH}[0].region", "add country"),
        ({"km": 5, "cities": [{"city": "Paris", "land": "FR"}]}, f"{PATH}[0].land", "known here"),
        ({"km": 5, "cities": [{"country": "FR"}]}, f"{PATH}[0].city", ""),
    ],
)
def test_a_mistake_around_cities_is_told_by_its_path(near: Any, path: str, meant: str) -> None:
    found = reading(near)
    assert isinstance(found, list)
    assert [each.path for each in found] == [path]
    assert meant in found[0].hint


def test_cities_that_are_written_alike_are_told_apart_by_points() -> None:
    """Given two of one name in one region, neither outweighing the other, then coordinates are asked for."""
    assert "for a smaller one of the same region give its latitude" in one_problem("Changzhi, 24, CN").hint


def test_what_is_stored_is_points_and_names_and_an_older_definition_has_no_names() -> None:
    """Given what older builds stored, then it is read as it was; and what a worker asks are the points alone."""
    found = reading({"km": 5, "of": [45.76, 4.84], "cities": ["Paris"]})
    assert isinstance(found, Near)
    stored = msgspec.msgpack.encode(found)
    assert msgspec.msgpack.decode(stored, type=Near) == found
    older = msgspec.msgpack.encode({"type": "near", "km": 5.0, "points": [[45.76, 4.84]]})
    assert msgspec.msgpack.decode(older, type=Near) == Near(5.0, ((45.76, 4.84),))
    assert condition_text(found) == "within 5.0 km of 45.76, 4.84 or Paris, 11, FR"


def test_who_names_no_city_waits_for_no_list_of_cities() -> None:
    """Given a campaign with points only, then the list is not read: a worker, which reads no files, never has it."""
    cities._all.cache_clear()
    cities._index.cache_clear()
    assert isinstance(reading({"km": 5, "of": [45.76, 4.84]}), Near)
    assert (cities._all.cache_info().currsize, cities._index.cache_info().currsize) == (0, 0)
