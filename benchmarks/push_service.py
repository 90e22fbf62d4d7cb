"""The cheapest FCM there can be: takes every push, and says when each one came. For measuring, not for testing.

HTTP/1.1 by hand, because the server must cost less than what it measures; the sink is the one that is strict.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec

from app.clock import monotonic_s
from app.kafka.files import LOOPBACK
from transports.sink.fcm.key_file import ensure

END = b"\r\n\r\n"
LENGTH = b"content-length:"
TOKEN = b'{"access_token":"bench","expires_in":3600,"token_type":"Bearer"}'
ACCEPTED = b'{"name":"projects/bench/messages/1"}'
MARK = "bench"

Arrived = Callable[[str, float], None]


class _Message(msgspec.Struct):
    data: dict[str, str] = {}


class _Request(msgspec.Struct):
    message: _Message


_decode = msgspec.json.Decoder(_Request).decode


class PushService:
    """A server on a free loopback port. `arrived(mark, at_s)` is called with the data key `bench` of every push."""

    def __init__(self, arrived: Arrived) -> None:
        self._arrived = arrived
        self._server: asyncio.Server | None = None
        self.url = ""

    async def start(self, credentials: Path) -> None:
        """Listen, and write the key file that names this server as the place for access tokens."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self._arrived), LOOPBACK, 0)
        self.url = f"http://{LOOPBACK}:{self._server.sockets[0].getsockname()[1]}"
        ensure(credentials, f"{self.url}/token")

    def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()


class _Connection(asyncio.Protocol):
    """One connection: requests one after the other, each answered at once."""

    def __init__(self, arrived: Arrived) -> None:
        self._arrived = arrived
        self._pending = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self._transport = transport if isinstance(transport, asyncio.Transport) else None

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        at_s = monotonic_s()
        self._pending += data
        while (request := take(self._pending)) is not None:
            path, body, self._pending = request
            self._answer(path, body, at_s)

    def _answer(self, path: bytes, body: bytes, at_s: float) -> None:
        if path == b"/token":
            answer = TOKEN
        else:
            self._arrived(_decode(body).message.data.get(MARK, ""), at_s)
            answer = ACCEPTED
        if self._transport is not None:
            head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
            self._transport.write(head % len(answer) + answer)


def take(data: bytes) -> tuple[bytes, bytes, bytes] | None:
    """(path, body, what follows) of the first request; None while it is not complete."""
    end = data.find(END)
    if end < 0:
        return None
    lines = data[:end].split(b"\r\n")
    length = next((int(line[len(LENGTH) :]) for line in lines if line.lower().startswith(LENGTH)), 0)
    stop = end + len(END) + length
    if len(data) < stop:
        return None
    return lines[0].split(b" ")[1], data[end + len(END) : stop], data[stop:]
