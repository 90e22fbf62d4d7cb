"""Comparisons in files: the operators of one field, and `where` over an event's properties (C015-C016)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from app.domain.files.operands import read_operand
from app.domain.files.problems import Problem, child, suggestion
from app.domain.files.section import Section
from app.domain.model.condition import EVERYONE, AllOf, Condition, Leaf, Operator

OPERATORS = frozenset(Operator)


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
        tests += read_compared(field, compared, path, zone, where.problems)
    return tests[0] if len(tests) == 1 else AllOf(tuple(tests))


def read_compared(field: str, compared: Any, path: str, zone: str, problems: list[Problem]) -> list[Leaf]:
    """What stands under the name of a field: operators, or a bare value, which means `is`."""
    bare = not isinstance(compared, Mapping)
    given = {Operator.IS: compared} if bare else compared
    if not given:
        problems.append(Problem(path, "has no operator", "as in {gte: 10}"))
    return read_tests(field, given, path, zone, problems, bare=bare)


def read_tests(
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
        if word not in OPERATORS:
            problems.append(Problem(below, f"unknown operator {word!r}", suggestion(word, OPERATORS)))
            continue
        operand = read_operand(field, Operator(word), value, zone, partial(Problem, below))
        if isinstance(operand, Problem):
            problems.append(operand)
        else:
            tests.append(Leaf(field, Operator(word), operand))
    return tests
