"""`worker`: what is looked at before the engine starts. The engine itself is a layer above."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli.root import app
from app.kafka.files import free_port
from app.settings import Settings
from tests.app.cli.invoking import Commands
from tests.integration.process import CHECKOUT, PROGRAM, command_line
from tests.integration.waiting import until


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


@contextmanager
def waiting_worker(web: int, errors: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker where no broker is."""
    names = {"CARILLON_KAFKA": f"127.0.0.1:{free_port()}", "CARILLON_WEB": f"127.0.0.1:{web}"}
    with errors.open("wb") as output:
        process = subprocess.Popen(
            command_line(names, PROGRAM, "worker"), cwd=CHECKOUT, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def ask(port: int, path: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    except OSError:
        return 0, None
    finally:
        connection.close()


def test_without_a_broker_it_waits_and_says_why(tmp_path: Path) -> None:
    """Given no broker, when a worker starts, then it is alive and not ready, says so once, and ends with 0."""
    port, errors = free_port(), tmp_path / "errors"
    with waiting_worker(port, errors) as process:
        until(lambda: ask(port, "/livez")[0] == 200, 30, "it is alive")
        status, said = ask(port, "/readyz")
        process.send_signal(signal.SIGTERM)
        code = process.wait(20)
    assert (status, [each["code"] for each in said["reasons"]]) == (503, ["broker"])
    assert "python -m app kafka start" in said["reasons"][0]["message"]
    assert errors.read_text().count("waiting: Kafka at") == 1
    assert code == 0
