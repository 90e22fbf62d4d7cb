"""What the program imports is what its requirements name: a package that only the tests bring is not there in use."""

from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.architecture.source import ROOTS, trees

CHECKOUT = Path(__file__).parents[2]
BROUGHT = {
    "markupsafe": "jinja2",
    "pydantic_core": "pydantic",
    "yarl": "aiohttp",
}
"""Packages that another one, which is named, cannot be without and shows in its interface."""

MISSING: dict[str, str] = {}
"""Known faults; whoever mends one takes it from here."""


def imported() -> list[str]:
    """The top names of everything that is not ours and not Python's."""
    names: set[str] = set()
    for tree in trees().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names.add((node.module or "").split(".")[0])
    return sorted(names - {*ROOTS, *sys.stdlib_module_names})


def named() -> set[str]:
    text = (CHECKOUT / "requirements.in").read_text(encoding="utf-8")
    return {name.lower() for name in re.findall(r"^([\w.-]+)==", text, re.M)}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name, marks=pytest.mark.xfail(reason=MISSING[name], strict=True) if name in MISSING else ()
        )
        for name in imported()
    ],
)
def test_what_is_imported_is_required(name: str) -> None:
    distributions = {each.lower().replace("_", "-") for each in packages_distributions().get(name, [])}
    assert distributions & named() or BROUGHT.get(name) in named()
