"""What was probably meant by a word, a duration, a time or a date that is none: the nearest thing that would be one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from difflib import get_close_matches
from types import MappingProxyType

SHORT = 3
UNIT_WORDS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
        **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "m"),
        **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
        **dict.fromkeys(("d", "day", "days"), "d"),
    }
)
_WEEKS = frozenset({"w", "week", "weeks"})
_ISO_DURATION = re.compile(r"p(?:([0-9]+)d)?(?:t(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?)?")
_AMOUNT = re.compile(r"([0-9]{1,9})\s*([a-z]+)")
_CLOCK = re.compile(r"([0-9]{1,2})(?:[:.h]([0-9]{2}))?\s*([ap]m)?")
_DAY_FIRST = re.compile(r"([0-9]{1,2})[./]([0-9]{1,2})[./]([0-9]{4})(?:[ T]([0-9]{2}:[0-9]{2}))?")
_YEAR_FIRST = re.compile(r"([0-9]{4})[-./]([0-9]{1,2})[-./]([0-9]{1,2})(?:[ T]([0-9]{2}:[0-9]{2}))?")
_SHARE = re.compile(r"([0-9]{1,3}(?:[.][0-9]{1,9})?)\s*(%|percent|per cent)?")
_YES, _NO = frozenset({"yes", "y", "on", "1"}), frozenset({"no", "n", "off", "0"})
_SECONDS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
_NOON = 12
_ALL_PERCENT = 100
_LAST_HOUR, _LAST_MINUTE, _LAST_MONTH = 23, 59, 12


def nearest(word: object, known: Iterable[str]) -> str | None:
    """The known word that is spelt almost alike; None where none is."""
    said, words = _plain(str(word)), sorted(known)
    same = [each for each in words if _plain(each) == said]
    if same:
        return same[0]
    close = [each for each in words if _is_one_slip(_plain(each), said)]
    if close:
        return max(close, key=lambda each: (_plain(each)[:1] == said[:1], len(each)))
    return next(iter(get_close_matches(str(word), words, n=1)), None)


def _plain(word: str) -> str:
    return re.sub(r"[-_ ]", "", word).lower()


def _is_one_slip(known: str, said: str) -> bool:
    """One letter too many, too few, another, or two that have changed places."""
    if abs(len(known) - len(said)) > 1 or min(len(known), len(said)) < 1:
        return False
    begin = next(
        (n for n, (a, b) in enumerate(zip(known, said, strict=False)) if a != b), min(len(known), len(said))
    )
    left, right = known[begin:], said[begin:]
    swapped = left[:2] == right[:2][::-1] and left[2:] == right[2:]
    alike = left[1:] == right[1:] and len(known) >= SHORT
    return left[1:] == right or left == right[1:] or alike or swapped


def flag(value: object) -> str | None:
    """`true` or `false` as another language says it."""
    said = str(value).lower()
    return "true" if said in _YES | {"true"} else "false" if said in _NO | {"false"} else None


def duration(value: object) -> str | None:
    """`10 minutes`, `1h 30m`, `PT10M` as `10m`, `90m`, `10m`; a bare number is of seconds."""
    if type(value) is int and value >= 0:
        return f"{value}s"
    said = str(value).strip().lower()
    iso = _ISO_DURATION.fullmatch(said)
    if iso is not None and any(iso.groups()):
        return _of_seconds(
            sum(int(n or 0) * length for n, (length, _) in zip(iso.groups(), _SECONDS, strict=True))
        )
    parts = _AMOUNT.findall(said)
    if not parts or _AMOUNT.sub("", said).replace(",", " ").replace("and", " ").strip():
        return None
    lengths = {unit: length for length, unit in _SECONDS}
    seconds = 0
    for amount, word in parts:
        unit = UNIT_WORDS.get(word)
        if unit is None and word not in _WEEKS:
            return None
        seconds += int(amount) * (7 * lengths["d"] if unit is None else lengths[unit])
    return _of_seconds(seconds)


def _of_seconds(seconds: int) -> str:
    length, unit = next(each for each in _SECONDS if seconds % each[0] == 0)
    return f"{seconds // length}{unit}" if seconds else "0s"


def time_of_day(value: object) -> str | None:
    """`9:00`, `9pm`, `21h30`, `2100` as `09:00`, `21:00`, `21:30`, `21:00`."""
    said = str(value).strip().lower()
    if re.fullmatch("[0-9]{4}", said):
        said = f"{said[:2]}:{said[2:]}"
    found = _CLOCK.fullmatch(said)
    if found is None or type(value) is bool:
        return None
    hour, minute = int(found[1]), int(found[2] or 0)
    if found[3] is not None:
        hour = hour % _NOON + (_NOON if found[3] == "pm" else 0)
    hour = 0 if (hour, minute) == (_LAST_HOUR + 1, 0) else hour
    return f"{hour:02d}:{minute:02d}" if hour <= _LAST_HOUR and minute <= _LAST_MINUTE else None


def instant(value: object) -> str | None:
    """`23.11.2026` and `2026/11/23` as `2026-11-23`; of two that may be the month, the first is the day."""
    said = str(value).strip()
    day_first, year_first = _DAY_FIRST.fullmatch(said), _YEAR_FIRST.fullmatch(said)
    if day_first is not None:
        day, month, year, clock = day_first.groups()
        if int(month) > _LAST_MONTH:
            day, month = month, day
    elif year_first is not None:
        year, month, day, clock = year_first.groups()
    else:
        return None
    try:
        found = date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None
    return found if clock is None else f"{found}T{clock}"


def offset(value: object) -> str | None:
    """`1 day before`, `-1 day`, `2 hours after`, -90 as `-1d`, `-1d`, `2h`, `-90s`."""
    said = str(value).strip().lower()
    is_before = said.startswith("-") or said.endswith("before")
    length = said.lstrip("+-").removesuffix("before").removesuffix("after").strip()
    found = duration(int(length) if type(value) is int else length)
    return f"-{found}" if found is not None and is_before else found


def cut_off(value: object) -> str | None:
    """A duration above zero, a time of day in its quotes, or a date: what it looks like; a number is of the clock."""
    length = None if type(value) is int else duration(value)
    if length is not None and length != "0s":
        return length
    at = time_of_day(value)
    return instant(value) if at is None else f'"{at}"'


def share(value: object) -> str | None:
    """`5`, `5 %`, `5 percent` and 0.05 as `5%`."""
    found = _SHARE.fullmatch(str(value).strip().lower())
    if found is None or type(value) is bool:
        return None
    percent = float(found[1])
    if not found[2] and 0 < percent < 1:
        percent *= 100
    return f"{round(percent, 2):g}%" if round(percent, 2) < _ALL_PERCENT else None


def campaign_id(value: str) -> str | None:
    """`Cart Reminder` as `cart-reminder`."""
    found = re.sub("[^a-z0-9]+", "-", value.lower()).strip("-")[:64].rstrip("-")
    return found or None


def color(value: object) -> str | None:
    """`#fff` and `ffffff` as `#ffffff`."""
    said = str(value).strip().lstrip("#").lower()
    if re.fullmatch("[0-9a-f]{3}", said):
        said = "".join(2 * digit for digit in said)
    return f"#{said}" if re.fullmatch("[0-9a-f]{6}", said) else None


def asked(found: str | None, otherwise: str) -> str:
    """The question, or what to write where nothing is near."""
    return otherwise if found is None else f"did you mean {found}?"
