"""`bench`: which benchmarks it runs, with what, and how it exits."""

from __future__ import annotations

import importlib.util

import pytest

from app.cli.bench import ALL, NAMES, run_module, split
from app.cli.errors import InputError


def test_names_come_first_and_the_rest_is_for_the_benchmark() -> None:
    assert split(["engine", "--events", "5"]) == (["engine"], ["--events", "5"])


def test_without_a_name_all_is_measured_that_needs_nothing_fetched() -> None:
    assert split([]) == (list(ALL), [])
    assert set(NAMES) - set(ALL) == {"backtest", "peers", "growth"}


def test_a_name_that_there_is_not_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match=r"'motor'.*engine, decide, latency, restore"):
        split(["motor"])


def test_every_name_is_a_module() -> None:
    found = [importlib.util.find_spec(f"benchmarks.{name}") for name in NAMES]
    assert all(each is not None for each in found)


async def test_the_exit_code_is_the_benchmarks(capfd: pytest.CaptureFixture[str]) -> None:
    assert await run_module("benchmarks.engine", ["--no-such-option"]) == 2
    assert "--no-such-option" in capfd.readouterr().err
