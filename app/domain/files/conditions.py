"""Conditions in files: what stands under `who`, and in a saved segment (C006-C007, C012-C022, C127)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from app.domain.files.behaviour import read_did
from app.domain.files.devices import read_device, read_push, read_push_last_session, read_reachable
from app.domain.files.names import refuse_unknown_names
from app.domain.files.near import read_near
from app.domain.files.problems import Problem, child, suggestion
from app.domain.files.section import Section, described
from app.domain.files.where import OPERATORS, read_tests
from app.domain.model.condition import EVERYONE, AllOf, AnyOf, Condition, InSegment, NoneOf

GROUPS: Mapping[str, Callable[[tuple[Condition, ...]], Condition]] = {
    "all": AllOf,
    "any": AnyOf,
    "none": NoneOf,
}
LEAF = "user"
NAME_FORM = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
"""Of a saved segment."""


def _read_segment(section: Section, _zone: str) -> Condition:
    section.only(frozenset({"segment"}))
    return InSegment(read_name(section, "segment"))


def _read_leaf(section: Section, zone: str) -> Condition:
    field = section.required_text(LEAF)
    compared = {key: value for key, value in section.values.items() if key != LEAF}
    if not compared:
        section.refuse("", f"what about {field!r}?", "add an operator, as in is: US")
    tests = read_tests(field, compared, section.path, zone, section.problems)
    refuse_unknown_names(section, tests)
    return tests[0] if len(tests) == 1 else AllOf(tuple(tests))


def read_name(section: Section, key: str) -> str:
    """The name of a saved segment."""
    name = section.required_text(key)
    if name and not NAME_FORM.fullmatch(name):
        section.refuse(
            key, f"{name!r} is no name of a segment", "up to 64 of a-z, 0-9 and -, not starting with -"
        )
    return name


READERS: Mapping[str, Callable[[Section, str], Condition]] = MappingProxyType(
    {
        LEAF: _read_leaf,
        "did": read_did,
        "near": read_near,
        "device": read_device,
        "push": read_push,
        "push_last_session": read_push_last_session,
        "reachable": read_reachable,
        "segment": _read_segment,
    }
)
"""Every condition that is no group, by the key with which it begins."""
BEGINNINGS = frozenset(GROUPS) | frozenset(READERS)


def read_who(values: Mapping[str, Any], zone: str, problems: list[Problem]) -> Condition:
    """The condition under `who`: one, or a list of which all must hold. Left out: everyone.

    Dates without a zone are in `zone`. Problems are added to the list; the result then means nothing.
    """
    who = values.get("who")
    if who is None:
        return EVERYONE
    return read_condition(who, "who", zone, problems)


def read_condition(value: Any, path: str, zone: str, problems: list[Problem]) -> Condition:
    """One condition, or a list of which all must hold."""
    if isinstance(value, list):
        return AllOf(_read_all(value, path, zone, problems))
    return _read_one(value, path, zone, problems)


def _read_all(items: list[Any], path: str, zone: str, problems: list[Problem]) -> tuple[Condition, ...]:
    if not items:
        problems.append(Problem(path, "the list is empty", "leave it out, or name a condition"))
    return tuple(_read_one(item, f"{path}[{at}]", zone, problems) for at, item in enumerate(items))


def _read_one(item: Any, path: str, zone: str, problems: list[Problem]) -> Condition:
    if not isinstance(item, Mapping):
        hint = "as in {user: country, is: US}"
        problems.append(Problem(path, f"a condition is a map, not {described(item)}", hint))
        return EVERYONE
    match [key for key in item if key in BEGINNINGS]:
        case [only] if only in GROUPS:
            return _read_group(only, item, path, zone, problems)
        case [only]:
            return READERS[only](Section(item, path, problems), zone)
        case []:
            problems += _nameless(item, path)
        case several:
            problems.append(
                Problem(
                    path, f"a condition is one of {', '.join(several)}, not several", "nest them under all"
                )
            )
    return EVERYONE


def _nameless(item: Mapping[str, Any], path: str) -> list[Problem]:
    if not item:
        return [Problem(path, "the condition is empty", "as in {user: country, is: US}")]
    unknown = [key for key in item if key not in OPERATORS] or ["user"]
    return [Problem(child(path, key), f"unknown key {key!r}", suggestion(key, BEGINNINGS)) for key in unknown]


def _read_group(
    name: str, item: Mapping[str, Any], path: str, zone: str, problems: list[Problem]
) -> Condition:
    Section(item, path, problems).only(frozenset({name}))
    of, below = item[name], child(path, name)
    if not isinstance(of, list):
        problems.append(Problem(below, f"must be a list of conditions, not {described(of)}"))
        return EVERYONE
    return GROUPS[name](_read_all(of, below, zone, problems))
