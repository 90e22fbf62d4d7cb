"""`user show` and `inbox`: what a worker says of a user, and what it is when none says anything."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from app.cli.web_client import outline
from tests.app.cli.invoking import Commands

USER = {
    "id": "u 1/2",
    "zone": "UTC",
    "traits": {"country": "US", "vip": True},
    "devices": [
        {"id": "d1", "push": "allowed", "seen_ms": 1_719_878_400_000},
        {"id": "d2", "push": "blocked"},
    ],
    "timers": [],
}


@contextmanager
def a_worker(answers: Mapping[str, tuple[int, str]]) -> Iterator[str]:
    """A web server on the loopback interface that answers these paths, and 404 elsewhere."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers.get(self.path, (404, "{}"))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_user_is_shown_as_the_worker_says(alone: Commands) -> None:
    path = "/api/v1/users/u%201%2F2"
    with a_worker({path: (200, json.dumps(USER)), f"{path}/inbox": (200, "[]")}) as web:
        assert alone.done("user", "show", "u 1/2", CARILLON_WEB=web) == USER
        assert alone.done("inbox", "u 1/2", CARILLON_WEB=web) == []
        assert alone.run("inbox", "u 1/2", CARILLON_WEB=web).out == "The inbox of u 1/2 is empty.\n"


def test_for_people_it_is_an_outline() -> None:
    assert outline(USER).splitlines() == [
        "id: u 1/2",
        "zone: UTC",
        "traits:",
        "  country: US",
        "  vip: yes",
        "devices:",
        "  id  push     seen_ms",
        "  d1  allowed  2024-07-02T00:00:00.000Z",
        "  d2  blocked  -",
        "timers: -",
    ]


@pytest.mark.parametrize("command", [("user", "show"), ("inbox",)])
def test_an_unknown_user_exits_3(alone: Commands, command: tuple[str, ...]) -> None:
    with a_worker({}) as web:
        said = alone.run(*command, "nobody", CARILLON_WEB=web)

    assert (said.code, said.out) == (3, "")
    assert "There is no user 'nobody'" in said.errors


@pytest.mark.parametrize("command", [("user", "show"), ("inbox",)])
def test_without_a_worker_it_exits_5(alone: Commands, command: tuple[str, ...]) -> None:
    said = alone.run(*command, "u1")

    assert (said.code, said.out) == (5, "")
    assert "No worker answers" in said.errors
    assert "python -m app worker" in said.errors


@pytest.mark.parametrize("body", ["restoring", '{"detail": "restoring", "status": 503}'])
@pytest.mark.parametrize(("status", "code"), [(503, 5), (400, 1)])
def test_a_worker_that_does_not_answer_the_question(
    alone: Commands, status: int, code: int, body: str
) -> None:
    with a_worker({"/api/v1/users/u1": (status, body)}) as web:
        said = alone.run("user", "show", "u1", CARILLON_WEB=web)

    assert (said.code, said.out) == (code, "")
    assert f"answers {status}: restoring." in said.errors


def test_something_else_than_a_worker_exits_5(alone: Commands) -> None:
    with a_worker({"/api/v1/users/u1": (200, "<html>")}) as web:
        assert alone.run("user", "show", "u1", CARILLON_WEB=web).code == 5
