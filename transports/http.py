"""The seam to HTTP: plain values in, an answer or the kind of its absence out.

Nothing above this file knows an HTTP library. Behind it stands aiohttp's HTTP/1.1 pool.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import aiohttp

BODY_LIMIT_BYTES = 65_536
CONNECT_TIMEOUT_S = 5.0
IDLE_S = 60.0  # FCM closes idle connections after about 3 min: ours go first
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


class HttpPool:
    """An HTTP/1.1 pool with keep-alive; at most `connections` requests are under way, the others wait."""

    def __init__(self, connections: int = 100) -> None:
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None
        self._timeouts: dict[float, aiohttp.ClientTimeout] = {}

    async def open(self) -> None:
        """Make the pool; nothing is connected yet."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=IDLE_S),
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
        try:
            async with (
                asyncio.timeout(deadline_s),
                self._session.post(
                    url, data=body, headers=headers, allow_redirects=False, timeout=self._timeout(deadline_s)
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
