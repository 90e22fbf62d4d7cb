"""The code base as syntax trees: who calls what with which name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
ROOTS = ("app", "agents", "tables", "transports")


@cache
def trees() -> dict[str, ast.Module]:
    """Every module of the four roots, by its path."""
    paths = [path for root in ROOTS for path in sorted((CHECKOUT / root).rglob("*.py"))]
    return {str(path.relative_to(CHECKOUT)): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def calls(tree: ast.AST, names: set[str]) -> Iterator[ast.Call]:
    """Calls of functions or methods with one of these names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node) in names:
            yield node


def called(call: ast.Call) -> str:
    """The last name of what is called."""
    match call.func:
        case ast.Name(name) | ast.Attribute(attr=name):
            return name
    return ""


def mentions(call: ast.Call) -> set[str]:
    """Every name and attribute among the arguments of a call."""
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    nodes = [node for argument in arguments for node in ast.walk(argument)]
    return {node.attr for node in nodes if isinstance(node, ast.Attribute)} | {
        node.id for node in nodes if isinstance(node, ast.Name)
    }
