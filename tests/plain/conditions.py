"""WHO and `where`, read as they stand in the file (SPEC C012-C022, section 9 Conditions; CONTRACT section 2)."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt
from typing import Any

from tests.plain.wall import date_on_wall, instant_ms, length_ms, value_ms

VERSIONS = ("app_version", "os_version", "sdk_version")
COUNTRIES = {
    "fr": "FR",
    "france": "FR",
    "us": "US",
    "usa": "US",
    "united states": "US",
    "no": "NO",
    "norway": "NO",
}
LANGUAGES = {"fr": "fr", "french": "fr", "en": "en", "english": "en"}
GENDERS = {"m": "male", "f": "female"}
EARTH_KM = 6371.0088


def kind(value: Any) -> str:
    """int and float are one kind, a boolean is another."""
    return "number" if type(value) in {int, float} else type(value).__name__


def same(value: Any, operand: Any) -> bool:
    """Of the same kind, and equal."""
    return kind(value) == kind(operand) and bool(value == operand)


def as_version(text: Any) -> tuple[list[int], bool, str] | None:
    """`3.10.0-beta`: its numbers without zeros at the end, and that a release comes after what leads up to it."""
    if type(text) is not str:
        return None
    numbers, dash, early = text.partition("-")
    if not all(part.isdigit() for part in numbers.split(".")):
        return None
    found = [int(part) for part in numbers.split(".")]
    while found and found[-1] == 0:
        found.pop()
    return found, not dash, early


def compares(value: Any, word: str, operand: Any, now_ms: int, zone: str) -> bool:
    """One operator. A missing value matches nothing but `is_not_set`, one of another type nothing."""
    if word in {"is_set", "is_not_set"}:
        return (value is not None) == (word == "is_set")
    if value is None:
        return False
    if word in {"is", "is_not", "in", "not_in"}:
        return compares_one(value, word, operand if isinstance(operand, list) else [operand])
    if word in {"before", "after", "in_last"}:
        return compares_time(value_ms(value), word, operand, now_ms, zone)
    if word in {"contains", "starts_with", "ends_with", "includes"}:
        return compares_part(value, word, operand)
    return kind(value) == "number" and compares_order(value, word, operand)


def compares_one(value: Any, word: str, operands: list[Any]) -> bool:
    """Is it one of these, or one of their kind and none of these?"""
    is_known_kind = kind(value) in {kind(each) for each in operands}
    return is_known_kind and any(same(value, each) for each in operands) == (word in {"is", "in"})


def compares_part(value: Any, word: str, operand: Any) -> bool:
    """A member of a list, or a part of a text, which compares exactly."""
    if word == "includes":
        return type(value) is list and any(same(each, operand) for each in value)
    if not isinstance(value, str):
        return False
    if word == "contains":
        return operand in value
    part = value[: len(operand)] if word == "starts_with" else value[-len(operand) :]
    return part == str(operand)


def compares_order(value: Any, word: str, operand: Any) -> bool:
    """Ranges are inclusive."""
    if word == "between":
        return bool(operand[0] <= value <= operand[1])
    return bool(
        {"gt": value > operand, "gte": value >= operand, "lt": value < operand, "lte": value <= operand}[word]
    )


def compares_time(at_ms: int | None, word: str, operand: str, now_ms: int, zone: str) -> bool:
    """Times without a zone are in the app's where the file says them, in UTC where a value does."""
    if at_ms is None:
        return False
    if word == "in_last":
        return now_ms - length_ms(operand) <= at_ms <= now_ms
    limit_ms = instant_ms(operand, zone)
    return at_ms < limit_ms if word == "before" else at_ms > limit_ms


def compares_version(value: Any, word: str, operand: Any) -> bool:
    """As versions do, where both are."""
    found = as_version(value)
    if found is None:
        return False
    if word in {"in", "not_in"}:
        return (found in [as_version(each) for each in operand]) == (word == "in")
    if word == "between":
        low, high = map(as_version, operand)
        return bool(low <= found <= high)  # type: ignore[operator]
    if word in {"is", "is_not"}:
        return (found == as_version(operand)) == (word == "is")
    return compares_order(found, word, as_version(operand))


def field_holds(field: str, value: Any, compared: Any, now_ms: int, zone: str) -> bool:
    """What stands under the name of a field: operators, all of which must hold, or a bare value, which means `is`."""
    tests = compared if isinstance(compared, dict) else {"is": compared}
    textual = {
        "is_set",
        "is_not_set",
        "contains",
        "starts_with",
        "ends_with",
        "includes",
        "before",
        "after",
        "in_last",
    }
    for word, operand in tests.items():
        if field.rpartition(".")[2] in VERSIONS and word not in textual:
            if not compares_version(value, word, operand):
                return False
        elif not compares(value, word, operand, now_ms, zone):
            return False
    return True


def look(values: dict[str, Any], path: str) -> Any:
    """`a.b`: of that very name, else through maps."""
    if values.get(path) is not None:
        return values[path]
    found: Any = values
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def where_holds(where: dict[str, Any], properties: dict[str, Any], now_ms: int, zone: str) -> bool:
    """Every property must compare."""
    return all(field_holds(name, look(properties, name), each, now_ms, zone) for name, each in where.items())


class Asked:
    """A user, at this moment, among these saved segments. `zone`: the app's."""

    def __init__(self, person: Any, now_ms: int, zone: str, user_zone: str, segments: dict[str, Any]) -> None:
        self.person = person
        self.now_ms = now_ms
        self.zone = zone
        self.user_zone = user_zone
        self.segments = segments

    def chosen(self, who: Any) -> list[dict[str, Any]]:
        """The devices for which it holds."""
        return [device for device in self.person.devices.values() if self.holds(who, device)]

    def meets(self, who: Any) -> bool:
        """Does it hold for the user: for one of the devices, or where there is none, without?"""
        return bool(self.chosen(who)) if self.person.devices else self.holds(who, None)

    def holds(self, who: Any, device: dict[str, Any] | None) -> bool:
        """Does it hold for the user with this device?"""
        if who is None:
            return True
        if isinstance(who, list):
            return all(self.holds(each, device) for each in who)
        word = next(key for key in who if key in QUESTIONS)
        return bool(QUESTIONS[word](self, who, device))

    def all(self, who: Any, device: Any) -> bool:
        return all(self.holds(each, device) for each in who["all"])

    def any(self, who: Any, device: Any) -> bool:
        return any(self.holds(each, device) for each in who["any"])

    def none(self, who: Any, device: Any) -> bool:
        return not any(self.holds(each, device) for each in who["none"])

    def segment(self, who: Any, device: Any) -> bool:
        name = who["segment"]
        return name in self.segments and self.holds(self.segments[name], device)

    def trait(self, who: Any, _device: Any) -> bool:
        name = who["user"]
        compared = {word: each for word, each in who.items() if word != "user"}
        value = self.value_of(name)
        if name in SPELLINGS:
            equality = {"is", "is_not", "in", "not_in"}
            compared = {
                word: spell(name, each) if word in equality else each for word, each in compared.items()
            }
            value = spell(name, value)
        return field_holds(name, value, compared, self.now_ms, self.zone)

    def value_of(self, name: str) -> Any:
        """A trait; a birthday wins over an age, and what the device says stands in for language and zone."""
        traits = self.person.traits
        if name == "age" and value_ms(traits.get("birthday")) is not None:
            born = traits["birthday"][:10]
            today = date_on_wall(self.now_ms, self.user_zone)
            years = today.year - int(born[:4]) - (today.isoformat()[5:] < born[5:])
            return traits.get("age") if years < 0 else years
        if name == "language" and traits.get("language") is None:
            return self.person.locale
        if name == "timezone" and traits.get("timezone") is None:
            return self.person.zone
        return look(traits, name)

    def did(self, who: Any, _device: Any) -> bool:
        """Counted from everything that the log has brought of this user."""
        times = [
            at_ms
            for at_ms, name, properties in self.person.past
            if name == who["did"] and where_holds(who.get("where", {}), properties, at_ms, self.zone)
        ]
        counted = times
        if "within" in who:
            counted = [at for at in times if self.now_ms - length_ms(who["within"]) <= at <= self.now_ms]
        wanted = who.get("times", {"at_least": 1})
        number = len(counted)
        if "exactly" in wanted:
            is_right = number == wanted["exactly"]
        else:
            is_right = number >= wanted.get("at_least", 0) and number <= wanted.get("at_most", number)
        asks = [(word, who[word]) for word in ("first", "last") if word in who]
        return is_right and all(self.was_when(times, word, said) for word, said in asks)

    def was_when(self, times: list[int], word: str, said: Any) -> bool:
        """`first: in_last 7d`, `last: {before: 2026-11-23}`: of the first or last time ever."""
        tests = dict([said.split(" ", 1)]) if isinstance(said, str) else said
        at_ms = None if not times else min(times) if word == "first" else max(times)
        return all(
            compares_time(at_ms, each, operand, self.now_ms, self.zone) for each, operand in tests.items()
        )

    def near(self, who: Any, _device: Any) -> bool:
        here = self.person.position
        return here is not None and any(
            kilometres(here, there) <= who["near"]["km"] for there in who["near"]["of"]
        )

    def device(self, who: Any, device: Any) -> bool:
        """Fields of one and the same device."""
        for name, compared in who["device"].items():
            field = {"make": "manufacturer", "type": "os", "platform": "os"}.get(name, name)
            value = None if device is None else device.get(field)
            if not field_holds(field, value, lowered(field, compared), self.now_ms, self.zone):
                return False
        return True

    def push(self, who: Any, device: Any) -> bool:
        return device is not None and status(device) == who["push"]

    def push_last_session(self, who: Any, device: Any) -> bool:
        """The device with which the app was opened last; before that, the one that spoke last."""
        if device is None or status(device) != who["push_last_session"]:
            return False
        if self.person.session is not None:
            return bool(self.person.session == device["id"])
        return bool(device["seen_ms"] == max(each["seen_ms"] for each in self.person.devices.values()))

    def reachable(self, _who: Any, device: Any) -> bool:
        return device is not None and obstacle(device) is None


def lowered(field: str, compared: Any) -> Any:
    """Names of operating systems compare in lower case."""
    if field != "os":
        return compared
    if isinstance(compared, dict):
        return {word: lowered(field, each) for word, each in compared.items()}
    if isinstance(compared, list):
        return [lowered(field, each) for each in compared]
    return compared.lower() if isinstance(compared, str) else compared


def spell(name: str, value: Any) -> Any:
    """Codes of countries and languages; a word for each gender."""
    if isinstance(value, list):
        return [spell(name, each) for each in value]
    if not isinstance(value, str):
        return value
    plain = value.lower()
    if name == "gender":
        return GENDERS.get(plain, plain)
    return SPELLINGS[name].get(plain.split("-")[0] if name == "language" else plain, value)


def obstacle(device: dict[str, Any]) -> str | None:
    """Why a device may not be sent to; None where it may."""
    found = status(device)
    if device["os"] != "android" or found == "unsupported":
        return "push_unsupported"
    if found != "allowed":
        return found if found == "suspended" else f"push_{found}"
    return "no_device" if device["token"] is None else None


def status(device: dict[str, Any]) -> str:
    """One of five; a device whose token has moved to another user is suspended."""
    return "suspended" if device["suspended"] else str(device["push"])


def kilometres(here: Any, there: Any) -> float:
    """Along the great circle."""
    (south, west), (north, east) = here, there
    half = sin(radians(north - south) / 2) ** 2
    half += cos(radians(south)) * cos(radians(north)) * sin(radians(east - west) / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(half)))


SPELLINGS = {"country": COUNTRIES, "language": LANGUAGES, "gender": GENDERS}
QUESTIONS = {
    "all": Asked.all, "any": Asked.any, "none": Asked.none, "segment": Asked.segment, "user": Asked.trait,
    "did": Asked.did, "near": Asked.near, "device": Asked.device, "push": Asked.push,
    "push_last_session": Asked.push_last_session, "reachable": Asked.reachable,
}  # fmt: skip
