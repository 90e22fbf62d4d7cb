"""`worker`: what is looked at before the engine starts. The engine itself is a layer above."""

from __future__ import annotations

import socket

import pytest
from typer.testing import CliRunner

from app.cli.root import app
from app.kafka.files import free_port
from app.settings import Settings
from tests.app.cli.invoking import Commands


def test_a_port_in_use_is_a_clear_error(alone: Commands) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        said = alone.run("worker", CARILLON_WEB=f"127.0.0.1:{port}")

    assert (said.code, said.out) == (1, "")
    assert f"port {port} on 127.0.0.1 is in use" in said.errors
    assert "CARILLON_WEB" in said.errors


@pytest.mark.integration
def test_without_topics_it_says_what_to_do_first(fresh: Commands) -> None:
    said = fresh.run("worker")

    assert (said.code, said.out) == (1, "")
    assert "python -m app setup" in said.errors


@pytest.mark.integration
def test_with_everything_in_place_the_engine_runs_with_the_settings(commands: Commands) -> None:
    ran: list[Settings] = []
    environment = {**commands.environment, "CARILLON_WEB": f"127.0.0.1:{free_port()}"}

    said = CliRunner().invoke(app, ["worker", "--json"], obj=ran.append, env=environment)

    assert said.exit_code == 0
    assert [settings.app for settings in ran] == [environment["CARILLON_APP"]]
    assert f"http://{environment['CARILLON_WEB']}/console/" in said.stdout
