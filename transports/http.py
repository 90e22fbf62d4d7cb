"""The seam to HTTP: plain values in, an answer or the kind of its absence out.

Nothing above this file knows an HTTP library. Behind it stands aiohttp's HTTP/1.1 pool.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import aiohttp
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from transports.base import leaving_by

BODY_LIMIT_BYTES = 65_536
CONNECT_TIMEOUT_S = 5.0
IDLE_S = 60.0  # FCM closes idle connections after about 3 min: ours go first
TOO_LATE = "it could not leave before its throttle token was void"
_OWN_HEADERS = ("Accept", "Accept-Encoding", "User-Agent")


@dataclass(frozen=True, slots=True)
class Answer:
    """The server answered. Ask `headers` in lower case. A body over 64 KB is cut there."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Unsent:
    """Certain: not one byte of the request left."""

    detail: str


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The request may have arrived, and nobody knows what became of it."""

    detail: str


Outcome = Answer | Unsent | NoAnswer


class Http(Protocol):
    """What a transport asks of HTTP."""

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, deadline_s: float) -> Outcome:
        """Send one POST; follow no redirect, repeat nothing. Returns within `deadline_s`; never raises."""


class _Connector(aiohttp.TCPConnector):
    """A connection is given for a request that may still leave, and is written to at once."""

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's own signature
    ) -> Connection:
        connection = await super().connect(req, traces, timeout)
        left_s = leaving_by.get()
        if left_s is not None and left_s() <= 0:
            connection.release()
            raise aiohttp.ConnectionTimeoutError(TOO_LATE)
        return connection


class HttpPool:
    """An HTTP/1.1 pool with keep-alive; at most `connections` requests are under way, the others wait."""

    def __init__(self, connections: int = 100) -> None:
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None
        self._timeouts: dict[float, aiohttp.ClientTimeout] = {}

    async def open(self) -> None:
        """Make the pool; nothing is connected yet."""
        self._session = aiohttp.ClientSession(
            connector=_Connector(limit=self._connections, keepalive_timeout=IDLE_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=_OWN_HEADERS,
        )

    async def close(self) -> None:
        """Close every connection. Safe without `open`, and twice."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, deadline_s: float) -> Outcome:
        """See `Http.post`. Waiting for a free connection counts: if none comes in time, it is `Unsent`."""
        if self._session is None:
            raise RuntimeError("the pool is not open")
        timeout, left_s = self._timeout(deadline_s), leaving_by.get()
        if left_s is not None:
            timeout = _within(timeout, left_s)
        try:
            async with (
                asyncio.timeout(deadline_s),
                self._session.post(
                    url, data=body, headers=headers, allow_redirects=False, timeout=timeout
                ) as response,
            ):
                return Answer(response.status, response.headers, await _body(response))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            return Unsent(_told(error))
        except TimeoutError:
            return NoAnswer(f"no answer within {deadline_s:g} s")
        except (aiohttp.ClientError, OSError) as error:
            return NoAnswer(_told(error))

    def _timeout(self, deadline_s: float) -> aiohttp.ClientTimeout:
        """Connecting ends before the deadline does, so that the two can be told apart."""
        timeout = self._timeouts.get(deadline_s)
        if timeout is None:
            connect_s = min(CONNECT_TIMEOUT_S, deadline_s * 0.9)
            timeout = aiohttp.ClientTimeout(total=None, connect=connect_s)
            self._timeouts[deadline_s] = timeout
        return timeout


def _within(timeout: aiohttp.ClientTimeout, left_s: Callable[[], float]) -> aiohttp.ClientTimeout:
    """Connecting ends, too, when the request may no longer leave; no timeout at all is written as 0."""
    connect_s = min(timeout.connect or CONNECT_TIMEOUT_S, max(0.001, left_s()))
    return aiohttp.ClientTimeout(total=None, connect=connect_s)


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """The body, or its first 64 KB; the connection of a longer one is not used again."""
    content = response.content
    if content.at_eof():
        return b""
    body = await content.read(BODY_LIMIT_BYTES)
    while not content.at_eof() and len(body) < BODY_LIMIT_BYTES:
        body += await content.read(BODY_LIMIT_BYTES - len(body))
    if not content.at_eof():
        response.close()
    return body


def _told(error: Exception) -> str:
    """The error in a few words: its kind, and what the operating system says; never a URL or a header."""
    reason = error.__cause__ if isinstance(error.__cause__, OSError) else error
    said = (reason.strerror or "") if isinstance(reason, OSError) else ""
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
