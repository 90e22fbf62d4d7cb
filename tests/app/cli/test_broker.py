"""A broker that is not there, or that does not answer: exit 5, soon, with a sentence. Only a worker waits."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from app.cli import broker
from app.clock import monotonic_s
from tests.app.cli.invoking import Commands

CAMPAIGN = """\
campaign: hello
when: {event: cart}
what: {title: Hello, body: You}
"""
EVENT = '{"type": "track", "event": "cart", "userId": "u1"}\n'

NEED_A_BROKER = [
    ("setup",),
    ("campaign", "apply", "hello.yaml"),
    ("campaign", "schedule", "hello"),
    ("campaign", "list"),
    ("campaign", "show", "hello"),
    ("campaign", "pause", "hello"),
    ("campaign", "resume", "hello"),
    ("campaign", "end", "hello"),
    ("event", "send", "-"),
    ("event", "tick", "2026-11-22T09:00:00Z"),
    ("event", "tail"),
    ("stats",),
    ("dlq", "list"),
    ("dlq", "show", "events/0/0"),
    ("dlq", "replay", "--all", "--yes"),
]

CLIENT_PATIENCE_S = 30.0  # below the 40 s that a Kafka client waits for an answer


@pytest.mark.parametrize("arguments", NEED_A_BROKER, ids=" ".join)
def test_without_a_broker_every_command_exits_5_at_once(
    alone: Commands, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "hello.yaml").write_text(CAMPAIGN)
    before_s = monotonic_s()

    said = alone.run(*arguments, given=EVENT)

    assert (said.code, said.out) == (5, "")
    assert f"error: Kafka at {alone.environment['CARILLON_KAFKA']} cannot be used" in said.errors
    assert "python -m app kafka start" in said.errors
    assert monotonic_s() - before_s < CLIENT_PATIENCE_S


def test_something_that_never_answers_is_given_up_in_time(
    alone: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "ANSWER_LIMIT_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        said = alone.run("campaign", "list", CARILLON_KAFKA=f"127.0.0.1:{silent.getsockname()[1]}")

    assert (said.code, said.out) == (5, "")
    assert "no answer" in said.errors


def test_topics_that_are_not_there_are_a_sentence(fresh: Commands) -> None:
    for arguments in (("campaign", "list"), ("stats",), ("dlq", "list"), ("event", "tick", "1700000000")):
        said = fresh.run(*arguments)
        assert (said.code, said.out) == (1, "")
        assert "Run `python -m app setup` first" in said.errors
