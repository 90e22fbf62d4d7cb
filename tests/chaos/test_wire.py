"""The proxy that spoils links does what it says: late, reset, half-open, held; and nothing where it is clear."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from app.clock import monotonic_s
from app.kafka.files import LOOPBACK
from tests.chaos.wire import CLEAR, WEATHERS, Weather, Wire
from tests.integration.waiting import until

LIMIT_S = 20.0


class Echo:
    """A server that answers with what it is sent, and counts it."""

    def __init__(self) -> None:
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]
        self.heard = 0
        self._ends: list[socket.socket] = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                end, _ = self._listener.accept()
            except OSError:
                return
            self._ends.append(end)
            threading.Thread(target=self._answer, args=(end,), daemon=True).start()

    def _answer(self, end: socket.socket) -> None:
        try:
            while data := end.recv(100):
                self.heard += len(data)
                end.sendall(data)
        except OSError:
            return

    def close(self) -> None:
        for each in (self._listener, *self._ends):
            each.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    made = Echo()
    yield made
    made.close()


@pytest.fixture
def wire(echo: Echo) -> Iterator[Wire]:
    made = Wire(echo.port)
    made.open()
    yield made
    made.close()


@pytest.fixture
def client(wire: Wire) -> Iterator[socket.socket]:
    with socket.create_connection((LOOPBACK, wire.port), timeout=LIMIT_S) as made:
        yield made


def said(client: socket.socket, data: bytes) -> bytes:
    client.sendall(data)
    return client.recv(100)


def test_where_it_is_clear_everything_passes(wire: Wire, client: socket.socket) -> None:
    assert said(client, b"one") == b"one"
    assert not wire.struck


def test_a_late_link_answers_after_its_time(wire: Wire, client: socket.socket) -> None:
    wire.turn(Weather(late_s=0.5))
    began_s = monotonic_s()
    assert said(client, b"one") == b"one"
    assert monotonic_s() - began_s >= 0.5
    assert wire.struck["late"] == 1


def test_a_reset_is_seen_by_the_client(wire: Wire, client: socket.socket) -> None:
    wire.turn(Weather(resets=1.0))
    client.sendall(b"one")
    with pytest.raises(ConnectionResetError):
        client.recv(100)
    assert wire.struck["resets"] == 1
    until(lambda: wire.links == 0, LIMIT_S, "the link is gone")


def test_a_half_open_link_delivers_and_never_answers(wire: Wire, client: socket.socket, echo: Echo) -> None:
    wire.turn(WEATHERS["half-open"])
    client.sendall(b"one")
    until(lambda: wire.struck["half-open"] == 1, LIMIT_S, "the answer is lost")
    assert echo.heard == 3
    wire.turn(CLEAR)
    with pytest.raises(ConnectionResetError):
        client.recv(100)


def test_a_black_hole_holds_everything_until_it_is_over(
    wire: Wire, client: socket.socket, echo: Echo
) -> None:
    wire.turn(WEATHERS["black hole"])
    client.sendall(b"one")
    until(lambda: wire.struck["black hole"] == 1, LIMIT_S, "it is held")
    assert echo.heard == 0
    wire.turn(CLEAR)
    assert client.recv(100) == b"one"
