"""Conditions in files: `who` over traits, `where` over an event's properties (C012-C016)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from app.domain.files.operands import read_operand
from app.domain.files.problems import Problem, child, suggestion
from app.domain.files.section import Section, described
from app.domain.model.campaign import EVERYONE, AllOf, AnyOf, Condition, Leaf, NoneOf, Operator

GROUPS: Mapping[str, Callable[[tuple[Condition, ...]], Condition]] = {
    "all": AllOf,
    "any": AnyOf,
    "none": NoneOf,
}
LEAF = "user"
NOT_YET = frozenset({"segment", "did", "near", "push", "push_last_session", "device", "reachable"})
_OPERATORS = frozenset(Operator)
_BEGINNINGS = frozenset(GROUPS) | NOT_YET | {LEAF}


def read_who(values: Mapping[str, Any], zone: str, problems: list[Problem]) -> Condition:
    """The condition under `who`: one, or a list of which all must hold. Left out: everyone.

    Dates without a zone are in `zone`. Problems are added to the list; the result then means nothing.
    """
    who = values.get("who")
    if who is None:
        return EVERYONE
    if isinstance(who, list):
        return AllOf(_read_all(who, "who", zone, problems))
    return _read_one(who, "who", zone, problems)


def read_where(section: Section, zone: str) -> Condition:
    """The condition under `where` of a section: a map of properties, all of which must hold."""
    where = section.section("where", "as in where: {price: {gte: 10}}")
    if where is None:
        return EVERYONE
    if not where.values:
        where.refuse("", "is empty", "leave it out, or name a property: {price: {gte: 10}}")
    tests: list[Leaf] = []
    for field, compared in where.values.items():
        path = child(where.path, field)
        given = compared if isinstance(compared, Mapping) else {Operator.IS: compared}
        if not given:
            where.refuse(field, "has no operator", "as in {gte: 10}")
        bare = not isinstance(compared, Mapping)
        tests += _read_tests(field, given, path, zone, where.problems, bare=bare)
    return tests[0] if len(tests) == 1 else AllOf(tuple(tests))


def _read_all(items: list[Any], path: str, zone: str, problems: list[Problem]) -> tuple[Condition, ...]:
    if not items:
        problems.append(Problem(path, "the list is empty", "leave it out, or name a condition"))
    return tuple(_read_one(item, f"{path}[{at}]", zone, problems) for at, item in enumerate(items))


def _read_one(item: Any, path: str, zone: str, problems: list[Problem]) -> Condition:
    if not isinstance(item, Mapping):
        hint = "as in {user: country, is: US}"
        problems.append(Problem(path, f"a condition is a map, not {described(item)}", hint))
        return EVERYONE
    beginnings = [key for key in item if key in _BEGINNINGS]
    match beginnings:
        case [only] if only in NOT_YET:
            problems.append(Problem(child(path, only), f"the condition {only!r} is not supported yet"))
        case [only] if only in GROUPS:
            return _read_group(only, item, path, zone, problems)
        case ["user"]:
            return _read_leaf(item, path, zone, problems)
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
    unknown = [key for key in item if key not in _OPERATORS] or ["user"]
    return [
        Problem(child(path, key), f"unknown key {key!r}", suggestion(key, _BEGINNINGS - NOT_YET, NOT_YET))
        for key in unknown
    ]


def _read_group(
    name: str, item: Mapping[str, Any], path: str, zone: str, problems: list[Problem]
) -> Condition:
    Section(item, path, problems).only(frozenset({name}))
    of, below = item[name], child(path, name)
    if not isinstance(of, list):
        problems.append(Problem(below, f"must be a list of conditions, not {described(of)}"))
        return EVERYONE
    return GROUPS[name](_read_all(of, below, zone, problems))


def _read_leaf(item: Mapping[str, Any], path: str, zone: str, problems: list[Problem]) -> Condition:
    field = Section(item, path, problems).required_text(LEAF)
    compared = {key: value for key, value in item.items() if key != LEAF}
    if not compared:
        problems.append(Problem(path, f"what about {field!r}?", "add an operator, as in is: US"))
    tests = _read_tests(field, compared, path, zone, problems)
    return tests[0] if len(tests) == 1 else AllOf(tuple(tests))


def _read_tests(
    field: str,
    compared: Mapping[str, Any],
    path: str,
    zone: str,
    problems: list[Problem],
    *,
    bare: bool = False,
) -> list[Leaf]:
    """One test for each operator; all must hold. `bare`: the value stands without its operator."""
    tests: list[Leaf] = []
    for word, value in compared.items():
        below = path if bare else child(path, word)
        if word not in _OPERATORS:
            problems.append(Problem(below, f"unknown operator {word!r}", suggestion(word, _OPERATORS)))
            continue
        operand = read_operand(field, Operator(word), value, zone, partial(Problem, below))
        if isinstance(operand, Problem):
            problems.append(operand)
        else:
            tests.append(Leaf(field, Operator(word), operand))
    return tests
