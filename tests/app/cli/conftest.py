"""Commands in an environment of their own: without a broker, and with topics that are set up."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from app.kafka.files import free_port
from tests.app.cli.invoking import Commands


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """Commands that find no broker, no worker and no settings."""
    monkeypatch.chdir(tmp_path)
    return Commands(
        {"CARILLON_KAFKA": f"127.0.0.1:{free_port()}", "CARILLON_WEB": f"127.0.0.1:{free_port()}"}
    )


@pytest.fixture
def fresh(broker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """Commands of a new app on the broker, under a stream clock, not set up yet."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "carillon.yaml").write_text("partitions: 2\n")
    name = f"cli-{secrets.token_hex(4)}"
    return Commands(
        {
            "CARILLON_KAFKA": broker,
            "CARILLON_APP": name,
            "CARILLON_EVENTS": f"{name}.events",
            "CARILLON_CLOCK": "stream",
            "CARILLON_WEB": f"127.0.0.1:{free_port()}",
        }
    )


@pytest.fixture
def commands(fresh: Commands) -> Commands:
    """The same, set up."""
    fresh.done("setup")
    return fresh
