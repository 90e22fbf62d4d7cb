"""The `sink` command as a process: it says where it is, and stops cleanly."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from transports.fcm.credentials import load

START = "from app.cli.sink import app; app()"
CHECKOUT = Path(__file__).parents[3]


@contextmanager
def a_sink(*options: str) -> Iterator[subprocess.Popen[str]]:
    """The command, started; killed if the test leaves it running."""
    command = [sys.executable, "-c", START, *options]
    with subprocess.Popen(
        command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_stops_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    path = tmp_path / "fcm.json"
    with a_sink("--port", "0", "--credentials", str(path), "--json") as process:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        assert said["credentials"] == str(path)
        assert load(path).token_uri == said["url"] + "/token"
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)

    assert (process.returncode, errors) == (0, "")


def test_for_a_person_it_is_a_sentence(tmp_path: Path) -> None:
    with a_sink("--port", "0", "--credentials", str(tmp_path / "fcm.json")) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("The sink is ready: http://127.0.0.1:")
        process.terminate()
        assert process.wait(timeout=30) == 0


def test_a_port_in_use_is_a_clear_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = str(holder.getsockname()[1])
        with a_sink("--port", port, "--credentials", str(tmp_path / "fcm.json")) as process:
            said, errors = process.communicate(timeout=30)

    assert (process.returncode, said) == (1, "")
    assert f"port {port} on 127.0.0.1 is in use" in errors
    assert "Traceback" not in errors


def test_somebody_elses_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text("precious")

    with a_sink("--port", "0", "--credentials", str(tmp_path / "mine.json")) as process:
        said, errors = process.communicate(timeout=30)

    assert (process.returncode, said) == (1, "")
    assert "is not a key file of the sink" in errors
    assert "Traceback" not in errors
