"""A command that writes while the coordinator does: an end is never lost (C026)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.cli import campaign_records
from tables.catalog_writer import Act, ended, write
from tests.app.cli.invoking import Commands
from tests.app.cli.test_campaigns import a_file


@pytest.fixture
def raced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let the coordinator end `hello` between a command's reading and its writing; returns how often it did."""
    struck: list[str] = []
    read = campaign_records.read_records_of
    seen: dict[str, Any] = {}

    async def reading(settings: Any) -> Any:
        seen["records"] = await read(settings)
        return seen["records"]

    async def writing(client: Any, topic: str, changes: Any) -> None:
        if not struck:
            struck.append("hello")
            await write(
                client, topic, [ended(seen["records"], "hello", Act(0, "coordinator", "limit reached"))]
            )
        await write(client, topic, changes)

    monkeypatch.setattr(campaign_records, "read_records_of", reading)
    monkeypatch.setattr(campaign_records, "write", writing)
    return struck


@pytest.mark.parametrize("act", ["pause", "apply"])
def test_a_command_that_loses_the_race_says_so_and_the_end_stays(
    act: str, commands: Commands, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Given a campaign that ends by itself while a command is changing it, then the command fails and says why, and the
    last record of the topic says ended, so that compaction does not bring the campaign back."""
    commands.done("campaign", "apply", "--schedule", a_file(tmp_path))
    struck = request.getfixturevalue("raced")
    arguments = ("pause", "hello") if act == "pause" else ("apply", a_file(tmp_path, title="Other"))
    said = commands.run("campaign", *arguments)
    assert (said.code, struck) == (1, ["hello"])
    assert "hello ended at this very moment (limit reached)" in said.errors
    shown = commands.done("campaign", "show", "hello")
    assert (shown["status"], shown["reason"]) == ("ended", "limit reached")
    assert campaign_records.read_all(_settings(commands)).overruled == set()


def _settings(commands: Commands) -> Any:
    from app.settings import load_settings

    return load_settings(commands.environment)
