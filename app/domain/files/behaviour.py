"""`did` in files: what a user did before, how often, how lately (C012-C013)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from app.domain.files.operands import read_operand
from app.domain.files.problems import Problem, child, suggestion
from app.domain.files.section import Section, described
from app.domain.files.where import read_where
from app.domain.model.condition import Did, Leaf, Operator
from app.domain.rules.history import DAY_MS, LONGEST_MS

KEYS = frozenset({"did", "where", "times", "within", "first", "last"})
TIMES = frozenset({"at_least", "at_most", "exactly"})
WHENS = frozenset({Operator.IN_LAST, Operator.BEFORE, Operator.AFTER})
_WHEN_HINT = "as in in_last 7d, or {before: 2026-11-23}"


def read_did(section: Section, zone: str) -> Did:
    """Reads a condition that begins with `did`."""
    section.only(KEYS)
    event = section.required_text("did")
    least, most = _read_times(section)
    within_ms = section.duration_ms("within")
    if within_ms == 0:
        section.refuse("within", "must be above zero")
    if within_ms is not None and within_ms > LONGEST_MS:
        section.refuse("within", f"is over {LONGEST_MS // DAY_MS}d", "leave it out for ever")
    first, last = _read_when(section, "first", zone), _read_when(section, "last", zone)
    if most == 0 and (first or last):
        section.refuse("times", "asks for none, and first or last for one of them", "leave one of them out")
    return Did(event, read_where(section, zone), least, most, within_ms, first, last)


def _read_times(section: Section) -> tuple[int, int | None]:
    """(at least, at most)."""
    value = section.values.get("times")
    if type(value) is int:
        section.refuse("times", "must be a map", f"did you mean {{at_least: {value}}}?")
        return 1, None
    times = section.section("times")
    if times is None:
        return 1, None
    times.only(TIMES)
    if not times.values:
        times.refuse("", "is empty", "as in {at_least: 2}")
    exactly = _read_number(times, "exactly", 0)
    if exactly is not None:
        if len(times.values) > 1:
            times.refuse("exactly", "stands alone", "or give at_least and at_most")
        return exactly, exactly
    least, most = _read_number(times, "at_least", 1), _read_number(times, "at_most", 0)
    if least is not None and most is not None and least > most:
        times.refuse("at_least", "is above at_most", f"did you mean {{at_least: {most}, at_most: {least}}}?")
    return (0 if most is not None else 1) if least is None else least, most


def _read_number(times: Section, key: str, lowest: int) -> int | None:
    value = times.values.get(key)
    if value is None:
        return None
    if type(value) is int and value >= lowest:
        return value
    times.refuse(key, f"must be a whole number from {lowest} on, not {described(value)}")
    return None


def _read_when(section: Section, key: str, zone: str) -> tuple[Leaf, ...]:
    """`in_last 7d`, or a map of operators, all of which must hold."""
    value = section.values.get(key)
    if value is None:
        return ()
    path = child(section.path, key)
    given = _split(value)
    if given is None:
        section.refuse(key, f"{described(value)} says no time", _WHEN_HINT)
        return ()
    tests: list[Leaf] = []
    for word, operand_text in given.items():
        below = child(path, word) if isinstance(value, Mapping) else path
        if word not in WHENS:
            section.problems.append(Problem(below, f"unknown operator {word!r}", suggestion(word, WHENS)))
            continue
        operand = read_operand(key, Operator(word), operand_text, zone, partial(Problem, below))
        if isinstance(operand, Problem):
            section.problems.append(operand)
        else:
            tests.append(Leaf(key, Operator(word), operand))
    return tuple(tests)


def _split(value: Any) -> Mapping[str, Any] | None:
    """Operators and operands; None where the value has none."""
    if isinstance(value, Mapping):
        return value or None
    if not isinstance(value, str) or len(value.split()) < len(("operator", "operand")):
        return None
    word, operand = value.split(maxsplit=1)
    return {word: operand}
