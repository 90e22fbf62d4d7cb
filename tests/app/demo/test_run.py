"""A run's names, places and settings."""

from __future__ import annotations

import json
import socket
from pathlib import Path

from app.demo.run import CAMPAIGNS, EXAMPLES, Run, free_ports, new_run
from app.settings import load_settings

BOOTSTRAP = "127.0.0.1:19092"


def a_run(root: Path) -> Run:
    return Run("20261122", BOOTSTRAP, 9091, (6066, 6067), EXAMPLES, root)


def test_the_settings_of_a_run_name_its_own_sink(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    assert run.write_settings() == 4
    settings = load_settings(run.worker_environment(1))
    fcm = settings.providers.fcm
    assert fcm is not None
    assert (fcm.project, fcm.credentials, fcm.url) == ("demo", run.credentials, "http://127.0.0.1:9091")
    assert (settings.app, settings.events) == ("demo20261122", "demo20261122-events")
    assert (settings.clock, settings.web.port) == ("stream", 6067)
    assert settings.data == tmp_path / "20261122" / "worker-2"
    assert [cap.max for cap in settings.caps] == [3]


def test_two_runs_share_no_name() -> None:
    first, second = new_run(BOOTSTRAP, 1, 1_790_000_000_000), new_run(BOOTSTRAP, 1, 1_790_000_000_001)
    assert first.app == "demo20260921141320000"
    assert first.app != second.app
    assert first.folder != second.folder


def test_a_port_that_is_taken_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        found = free_ports(port, 2)
    assert port not in found
    assert len(set(found)) == 2


def test_every_campaign_of_the_examples_is_applied() -> None:
    files = {path.stem for path in EXAMPLES.glob("*.yaml")}
    assert files == {*CAMPAIGNS, "carillon"}


def test_the_summary_stands_where_the_last_one_is_looked_for(tmp_path: Path) -> None:
    path = a_run(tmp_path).write_summary({"events": 1})
    assert path == tmp_path / "summary.json"
    assert json.loads(path.read_text()) == {"events": 1}
