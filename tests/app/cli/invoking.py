"""Runs commands in this process, as `python -m app` would."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from typer.testing import CliRunner

from app.cli.root import app


class Said(NamedTuple):
    """What a command ended with, and what it said."""

    code: int
    out: str
    errors: str

    @property
    def value(self) -> Any:
        """What it said to a machine."""
        return json.loads(self.out)


class Commands:
    """Commands that all find the same environment."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment

    def run(self, *arguments: str, given: str | None = None, **environment: str) -> Said:
        """Run one command; `given` is its standard input."""
        found = {**self.environment, **environment}
        ran = CliRunner().invoke(app, list(arguments), input=given, env=found, catch_exceptions=False)
        return Said(ran.exit_code, ran.stdout, ran.stderr)

    def done(self, *arguments: str, given: str | None = None, **environment: str) -> Any:
        """Run one command that must succeed, and return what it says to a machine."""
        said = self.run(*arguments, "--json", given=given, **environment)
        assert said.code == 0, said
        return said.value
