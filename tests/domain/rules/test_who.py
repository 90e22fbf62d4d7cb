"""WHO against a plain interpreter, and by example: devices, the past, places, worked-out traits (C012-C022, C127)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from app.domain.model.condition import (
    AllOf,
    AnyOf,
    Condition,
    Did,
    InSegment,
    IsReachable,
    Leaf,
    Near,
    NoneOf,
    OfDevice,
    Operator,
    PushIs,
)
from app.domain.model.event import Event, Place, Position, PushStatus
from app.domain.model.user import Activity, Agenda, Device, Profile, Session, User, Whereabouts
from app.domain.rules import counting
from app.domain.rules.counting import Asked, Counted
from app.domain.rules.who import Subject, Who
from tests.domain.makers import a_device

NOW_MS = 1_795_600_000_000
DAY_MS = 86_400_000
PARIS, LYON = (48.8566, 2.3522), (45.764, 4.8357)


class Remembering(User):
    """A user whose events a plain interpreter can look at."""

    past: tuple[tuple[str, int, int], ...] = ()


def someone(*devices: Device, events: tuple[tuple[str, int, int], ...] = (), **traits: Any) -> Remembering:
    user = Remembering("u-1", Profile(traits, {each.id: each for each in devices}), Activity(), Agenda())
    user.past = events
    return user


def asked(
    condition: Condition, user: Remembering, segments: dict[str, Condition] | None = None
) -> tuple[bool, list[str]]:
    """Does it hold, and for which devices?"""
    known = {name: Who(each) for name, each in (segments or {}).items()}
    who = Who(condition)
    counted = Counted(Asked(did) for each in (who, *known.values()) for did in each.dids)
    for number, (name, total, ago_ms) in enumerate(user.past):
        event = Event("u-1", f"e-{number}", NOW_MS - ago_ms, NOW_MS, name, {"total": total})
        counting.count(user, counted.by_event.get(name, ()), event, counted)
    subject = Subject(user, NOW_MS, "UTC", known, counted.by_key)
    return who.meets(subject), [device.id for device in who.chosen(subject)]


def holds(condition: Condition, user: Remembering) -> bool:
    return asked(condition, user)[0]


# --- a second implementation, as plain as can be ----------------------------------------------------------


def plain(
    condition: Condition, user: Remembering, device: Device | None, segments: dict[str, Condition]
) -> bool:
    match condition:
        case AllOf(of):
            return all(plain(part, user, device, segments) for part in of)
        case AnyOf(of):
            return any(plain(part, user, device, segments) for part in of)
        case NoneOf(of):
            return not any(plain(part, user, device, segments) for part in of)
        case InSegment(name):
            return name in segments and plain(segments[name], user, device, segments)
        case Leaf(field, _, operand):
            return bool(user.profile.traits.get(field) == operand)
        case Did():
            return plain_did(condition, user)
        case _:
            return device is not None and plain_device(condition, device)


def plain_did(did: Did, user: Remembering) -> bool:
    wanted = did.where.operand if isinstance(did.where, Leaf) else 0
    ever = [ago for name, total, ago in user.past if name == did.event and total >= wanted]
    number = len([ago for ago in ever if did.within_ms is None or 0 <= ago <= did.within_ms])
    first = all(ever and max(ever) <= test.operand for test in did.first)
    last = all(ever and min(ever) <= test.operand for test in did.last)
    return did.least <= number <= (len(ever) if did.most is None else did.most) and first and last


def plain_device(condition: Condition, device: Device) -> bool:
    match condition:
        case OfDevice(Leaf(_, _, operand)):
            return bool(device.platform == operand)
        case PushIs(status):
            return device.push is status and not device.suspended
        case _:
            allowed = device.push is PushStatus.ALLOWED and not device.suspended
            return allowed and device.platform == "android" and device.token is not None


LEAVES: st.SearchStrategy[Condition] = st.one_of(
    st.sampled_from(["free", "pro"]).map(lambda plan: Leaf("plan", Operator.IS, plan)),
    st.sampled_from(["android", "ios"]).map(lambda os: OfDevice(Leaf("os", Operator.IS, os))),
    st.sampled_from(list(PushStatus)).map(PushIs),
    st.just(IsReachable()),
    st.sampled_from(["s", "t", "gone"]).map(InSegment),
    st.builds(
        Did,
        st.sampled_from(["buy", "view"]),
        st.one_of(st.just(AllOf(())), st.just(Leaf("total", Operator.GTE, 50))),
        st.integers(0, 3),
        st.one_of(st.none(), st.integers(0, 4)),
        st.one_of(st.none(), st.integers(1, 6).map(lambda days: days * DAY_MS)),
        st.one_of(st.just(()), st.just((Leaf("first", Operator.IN_LAST, 3 * DAY_MS),))),
        st.one_of(st.just(()), st.just((Leaf("last", Operator.IN_LAST, DAY_MS),))),
    ),
)


def _grouped(of: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    parts = st.lists(of, min_size=1, max_size=3).map(tuple)
    return st.one_of(parts.map(AllOf), parts.map(AnyOf), parts.map(NoneOf))


CONDITIONS = st.recursive(LEAVES, _grouped, max_leaves=6)
DEVICES = st.lists(
    st.builds(
        lambda platform, push, token, gone: a_device(platform=platform, push=push, token=token, suspended=gone),
        st.sampled_from(["android", "ios"]),
        st.sampled_from(list(PushStatus)),
        st.sampled_from(["t", None]),
        st.booleans(),
    ),
    max_size=3,
).map(lambda devices: [replace(device, id=f"d-{at}") for at, device in enumerate(devices)])  # fmt: skip
EVENTS = st.lists(
    st.tuples(st.sampled_from(["buy", "view"]), st.sampled_from([10, 60]), st.integers(0, 7 * DAY_MS)),
    max_size=8,
).map(tuple)


@settings(max_examples=400, deadline=None)
@given(CONDITIONS, DEVICES, EVENTS, st.sampled_from(["free", "pro", None]), CONDITIONS)
def test_given_any_who_then_user_and_devices_are_those_of_the_plain_interpreter(
    condition: Condition, devices: list[Device], events: Any, plan: str | None, saved: Condition
) -> None:
    user = someone(*devices, events=events, **({} if plan is None else {"plan": plan}))
    segments = {"s": NoneOf((Leaf("plan", Operator.IS, "free"),)), "t": _without_segments(saved)}
    chosen = [device.id for device in devices if plain(condition, user, device, segments)]
    expected = bool(chosen) if devices else plain(condition, user, None, segments)
    assert asked(condition, user, segments) == (expected, chosen)


def _without_segments(condition: Condition) -> Condition:
    match condition:
        case AllOf(of) | AnyOf(of) | NoneOf(of):
            return type(condition)(tuple(_without_segments(part) for part in of))
        case InSegment():
            return IsReachable()
        case _:
            return condition


# --- by example -------------------------------------------------------------------------------------------


def test_never_holds_for_a_user_of_whom_nothing_was_counted() -> None:
    assert holds(Did("buy", least=0, most=0), someone())
    assert not holds(Did("buy", least=0, most=0), someone(events=(("buy", 1, 5),)))
    assert not holds(Did("buy", first=(Leaf("first", Operator.IN_LAST, DAY_MS),), least=0), someone())


def test_the_ends_of_a_window_belong_to_it() -> None:
    window = Did("buy", within_ms=DAY_MS)
    assert holds(window, someone(events=(("buy", 1, DAY_MS),)))
    assert not holds(window, someone(events=(("buy", 1, DAY_MS + 1),)))
    assert holds(window, someone(events=(("buy", 1, 0),)))


def _ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("now", "traits", "years"),
    [
        ("2026-11-22T12:00", {"birthday": "1990-11-22"}, 36),
        ("2026-11-21T12:00", {"birthday": "1990-11-22"}, 35),
        ("2027-02-28T12:00", {"birthday": "2004-02-29"}, 22),
        ("2027-03-01T12:00", {"birthday": "2004-02-29"}, 23),
        ("2026-11-21T18:00", {"birthday": "1990-11-22", "timezone": "Asia/Tokyo"}, 36),
        ("2026-11-22T12:00", {"birthday": "1990-11-22", "age": 20}, 36),
        ("2026-11-22T12:00", {"birthday": "soon", "age": 20}, 20),
        ("2026-11-22T12:00", {"birthday": "2030-01-01", "age": 20}, 20),
        ("2026-11-22T12:00", {"birthday": "1990-11-22T23:30:00-05:00"}, 36),
        ("2026-11-22T12:00", {"birthday": 643_680_000}, 36),
        ("2026-11-22T12:00", {"age": 20}, 20),
    ],
)
def test_age_is_in_whole_years_on_the_users_calendar(now: str, traits: dict[str, Any], years: int) -> None:
    subject = Subject(someone(**traits), _ms(now), "UTC", {}, {})
    assert Who(Leaf("age", Operator.IS, years)).meets(subject)
    assert Who(Leaf("age", Operator.BETWEEN, (years, years))).meets(subject)
    assert not Who(Leaf("age", Operator.BETWEEN, (years + 1, 200))).meets(subject)


@pytest.mark.parametrize(
    ("operand", "value"),
    [("US", "US"), ("US", "United States"), ("usa", "us"), ("France", "FR"), ("Korea (South)", "south korea"),
     ("Côte d'Ivoire", "CI"), ("NO", "Norway"), ("UK", "GB"), ("Czechia", "Czech Republic"), ("Türkiye", "TR")],
)  # fmt: skip
def test_countries_are_the_same_by_code_and_by_name(operand: str, value: str) -> None:
    assert holds(Leaf("country", Operator.IS, operand), someone(country=value))
    assert holds(Leaf("country", Operator.IN, ("DE", operand)), someone(country=value))
    assert not holds(Leaf("country", Operator.IS_NOT, operand), someone(country=value))
    assert holds(Leaf("country", Operator.IS_NOT, "DE"), someone(country=value))


def test_languages_are_the_same_by_code_name_and_locale_and_a_trait_wins_over_the_device() -> None:
    french = Leaf("language", Operator.IS, "French")
    user = someone()
    assert not holds(french, user)
    user.profile.locale = "fr-CA"
    assert holds(french, user)
    user.profile.traits["language"] = "en_GB"
    assert not holds(french, user)
    assert holds(Leaf("language", Operator.IN, ("de", "English")), user)


def test_a_trait_wins_over_the_place_of_the_address() -> None:
    user = someone()
    user.activity.whereabouts = Whereabouts(Place("FR", "Rhône", "Lyon"), NOW_MS)
    assert holds(Leaf("country", Operator.IS, "France"), user)
    assert holds(Leaf("city", Operator.IS, "Lyon"), user)
    assert holds(Leaf("region", Operator.STARTS_WITH, "Rh"), user)
    user.profile.traits |= {"country": "DE", "city": "Köln"}
    assert not holds(Leaf("country", Operator.IS, "France"), user)
    assert holds(Leaf("city", Operator.IS, "Köln"), user)


def test_genders_and_reachability_by_traits() -> None:
    user = someone(gender="F", email="a@example.com", unsubscribed_email=True)
    assert holds(Leaf("gender", Operator.IS, "female"), user)
    assert not holds(Leaf("gender", Operator.IS, "Male"), user)
    assert holds(Leaf("email", Operator.IS_SET), user)
    assert holds(Leaf("phone", Operator.IS_NOT_SET), user)
    assert holds(Leaf("unsubscribed_email", Operator.IS, True), user)
    assert holds(NoneOf((Leaf("unsubscribed_sms", Operator.IS, True),)), user)


def test_near_is_within_so_many_kilometres_of_one_of_the_points() -> None:
    """Given Paris and Lyon, 391.5 km apart on the great circle."""
    user = someone()
    assert not holds(Near(20_000, (PARIS,)), user)
    user.activity.whereabouts = Whereabouts(position=Position(*LYON), position_ms=1)
    assert holds(Near(392, (PARIS,)), user)
    assert not holds(Near(391, (PARIS,)), user)
    assert holds(Near(1, (PARIS, LYON)), user)


def test_fields_of_one_and_the_same_device_must_hold() -> None:
    old_android = a_device("d-1", app_version="3.1.9")
    new_ios = a_device("d-2", platform="ios", app_version="3.10.0", manufacturer="Apple")
    new_android = a_device("d-3", app_version="3.10.0")
    wanted = AllOf(
        (
            OfDevice(Leaf("os", Operator.IS, "android")),
            OfDevice(Leaf("app_version", Operator.GTE, "3.2.0")),
        )
    )
    assert asked(wanted, someone(old_android, new_ios)) == (False, [])
    assert asked(wanted, someone(old_android, new_ios, new_android)) == (True, ["d-3"])
    assert asked(NoneOf((wanted,)), someone(new_ios, new_android)) == (True, ["d-2"])
    assert asked(OfDevice(Leaf("manufacturer", Operator.IS, "Apple")), someone()) == (False, [])
    assert asked(NoneOf((wanted,)), someone()) == (True, [])


def test_the_permission_of_the_last_session_is_that_of_the_device_that_opened_the_app_last() -> None:
    asking = a_device("d-1", push=PushStatus.ASK, seen_ms=5)
    allowed = a_device("d-2", seen_ms=9)
    user = someone(asking, allowed)
    last_ask = PushIs(PushStatus.ASK, last_session=True)
    assert asked(last_ask, user) == (False, [])
    user.activity.session = Session("d-1", NOW_MS)
    assert asked(last_ask, user) == (True, ["d-1"])
    assert asked(PushIs(PushStatus.ALLOWED, last_session=True), user) == (False, [])


def test_who_without_devices_and_worked_out_traits_is_asked_of_the_traits_alone() -> None:
    cheap = AllOf((Leaf("plan", Operator.IS, "pro"), NoneOf((Leaf("x", Operator.IS_SET),))))
    assert Who(cheap).of_traits is not None
    assert not Who(cheap).is_per_device
    for dear in (Leaf("age", Operator.GT, 3), Did("buy"), IsReachable(), Near(1, (PARIS,))):
        assert Who(AllOf((cheap, dear))).of_traits is None
