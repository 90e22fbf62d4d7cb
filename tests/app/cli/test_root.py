"""The root of the commands: all there, quick to start, and clear when something is wrong."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer

from app.cli.root import PLACES
from tests.app.cli.invoking import Commands

CHECKOUT = Path(__file__).parents[3]
HEAVY = ("faust", "rocksdict", "aiokafka", "aiohttp", "httpx", "tables.catalog", "app.worker")


def leaves(command: Any, *path: str) -> list[tuple[str, ...]]:
    """The paths of all commands that are no groups."""
    inner = getattr(command, "commands", None)
    if inner is None:
        return [path]
    return [leaf for name, each in inner.items() for leaf in leaves(each, *path, name)]


def all_commands() -> list[tuple[str, ...]]:
    found = []
    for place in PLACES:
        found += leaves(typer.main.get_command(import_module(place.module).app), place.name)
    return found


def test_the_help_of_the_root_names_every_command(alone: Commands) -> None:
    said = alone.run("--help")

    assert said.code == 0
    assert all(f" {place.name} " in said.out for place in PLACES)


@pytest.mark.parametrize("path", all_commands(), ids=" ".join)
def test_every_help_has_an_example_and_offers_json(alone: Commands, path: tuple[str, ...]) -> None:
    said = alone.run(*path, "--help", COLUMNS="200")

    assert said.code == 0
    assert "Example: " in said.out
    assert f"python -m app {' '.join(path)}" in said.out
    assert "--json" in said.out
    assert "--install-completion" not in said.out


def test_nothing_heavy_is_imported_before_a_command_needs_it() -> None:
    program = f"import sys, app.__main__; print([name for name in {HEAVY} if name in sys.modules])"
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"


def test_a_command_that_is_not_there_exits_2_and_names_the_nearest(alone: Commands) -> None:
    said = alone.run("campain", COLUMNS="200")

    assert (said.code, said.out) == (2, "")
    assert "'campaign'" in said.errors


def test_wrong_settings_exit_2_with_every_problem(alone: Commands) -> None:
    said = alone.run("setup", CARILLON_KAFK="x", CARILLON_CLOCK="sundial")

    assert (said.code, said.out) == (2, "")
    assert "CARILLON_KAFKA" in said.errors
    assert "CARILLON_CLOCK" in said.errors


def test_as_a_process_it_exits_with_the_code() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "app", "event", "tick", "yesterday"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "error: 'yesterday' is not a time" in ran.stderr
