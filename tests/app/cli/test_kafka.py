"""`kafka start` and `kafka stop`: what they print, and how they exit."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli.kafka import app
from app.kafka.broker import EmbeddedBroker
from app.kafka.files import free_port


@pytest.mark.integration
def test_start_and_stop_tell_machines_what_they_did(tmp_path: Path) -> None:
    runner, port, data = CliRunner(), free_port(), str(tmp_path / "data")
    # given nothing, when it is started, then stdout holds one object, and progress is elsewhere
    started = runner.invoke(app, ["start", "--port", str(port), "--data", data, "--json"])
    assert started.exit_code == 0
    result = json.loads(started.stdout)
    assert result["started"] is True
    assert result["bootstrap"] == f"127.0.0.1:{port}"
    assert result["pid"] == EmbeddedBroker(Path(data)).pid
    assert "starting Kafka" in started.stderr
    # when it is stopped, then nothing runs there
    stopped = runner.invoke(app, ["stop", "--data", data, "--json"])
    assert (stopped.exit_code, json.loads(stopped.stdout)["stopped"]) == (0, True)
    assert EmbeddedBroker(Path(data)).pid is None


def test_stopping_nothing_is_no_error(tmp_path: Path) -> None:
    stopped = CliRunner().invoke(app, ["stop", "--data", str(tmp_path)])
    assert stopped.exit_code == 0
    assert stopped.stdout == f"no Kafka runs on {tmp_path}\n"


def test_a_start_that_fails_exits_1_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    failed = CliRunner().invoke(
        app, ["start", "--port", str(free_port()), "--data", str(tmp_path / "file" / "data")]
    )
    assert failed.exit_code == 1
    assert failed.stdout == ""
    assert "error: the broker cannot start" in failed.stderr


def test_a_wrong_option_exits_2() -> None:
    assert CliRunner().invoke(app, ["start", "--port", "0"]).exit_code == 2
