"""Every table has one writer: one actor that declares it, and no other module that puts anything into it."""

from __future__ import annotations

import ast
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest

import agents
import tables
from app.turns.table import Table
from tests.architecture.source import calls, mentions, trees

WRITES = {"put", "delete"}


def declared() -> dict[str, Table[Any]]:
    """Every table, by the name under which its module declares it."""
    return {
        name: value
        for module in iter_modules(tables.__path__, "tables.")
        for name, value in vars(import_module(module.name)).items()
        if isinstance(value, Table)
    }


def owners() -> dict[str, list[Any]]:
    """The tables of each actor."""
    found: dict[str, list[Any]] = {}
    for module in iter_modules(agents.__path__, "agents."):
        for name, value in vars(import_module(module.name)).items():
            is_own = isinstance(value, type) and value.__module__ == module.name
            if is_own and getattr(value, "tables", None):
                found[f"{module.name}.{name}"] = list(value.tables)
    return found


DECLARED = declared()


def test_there_are_tables() -> None:
    assert len(DECLARED) >= 8
    assert len(set(map(id, DECLARED.values()))) == len(DECLARED)


@pytest.mark.parametrize("name", DECLARED)
def test_a_table_belongs_to_one_actor(name: str) -> None:
    assert len([actor for actor, owned in owners().items() if DECLARED[name] in owned]) == 1


@pytest.mark.parametrize("name", DECLARED)
def test_nobody_but_its_actor_names_a_table_in_a_write(name: str) -> None:
    writers = {
        path for path, tree in trees().items() for call in calls(tree, WRITES) if name in mentions(call)
    }
    assert len(writers) <= 1
    assert all(path.startswith("agents/") for path in writers)


@pytest.mark.parametrize("name", DECLARED)
def test_only_one_agent_imports_a_table(name: str) -> None:
    importers = {
        path
        for path, tree in trees().items()
        if path.startswith("agents/")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tables.")
        if name in {alias.name for alias in node.names}
    }
    assert len(importers) == 1


def test_no_two_tables_of_an_actor_share_a_prefix_or_a_name() -> None:
    for actor, owned in owners().items():
        assert len({table.prefix for table in owned}) == len(owned), actor
        assert len({table.name for table in owned}) == len(owned), actor
