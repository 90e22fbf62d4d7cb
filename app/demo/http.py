"""What the demo asks its processes over HTTP."""

import asyncio
from http import HTTPStatus
from typing import Any

import aiohttp

from app.clock import monotonic_s
from app.demo.errors import DemoError
from app.demo.stack import Stack

_POLL_S = 0.2
_ANSWER_LIMIT = aiohttp.ClientTimeout(total=10)

SCRIPT = {"service": "fcm", "token": "tok-*3", "first": 1, "status": 503, "headers": {"Retry-After": "1"}}


async def wait_until_ready(session: aiohttp.ClientSession, stack: Stack, url: str, limit_s: float) -> None:
    """Ask until the answer is 200. Raises DemoError when the time is over, or a process has died."""
    until_s = monotonic_s() + limit_s
    while True:
        stack.check()
        why = await _refusal(session, url)
        if why is None:
            return
        if monotonic_s() > until_s:
            raise DemoError(f"{url} is not ready after {limit_s:.0f} s", why, "Look into the logs of the run")
        await asyncio.sleep(_POLL_S)


async def script_sink(session: aiohttp.ClientSession, sink_url: str) -> None:
    """Let the sink refuse the first call to every token that ends in 3. Raises DemoError."""
    try:
        async with session.post(f"{sink_url}/script", json=SCRIPT, timeout=_ANSWER_LIMIT) as answer:
            if answer.status >= HTTPStatus.BAD_REQUEST:
                raise DemoError("the sink refused its script", await answer.text(), "Look into its log")
    except aiohttp.ClientError as error:
        raise DemoError("the sink does not answer", str(error), "Look into its log") from error


async def partitions(session: aiohttp.ClientSession, web_url: str) -> list[dict[str, Any]] | None:
    """Return what a worker says of the partitions that it owns; None where it cannot be asked now."""
    try:
        async with session.get(f"{web_url}/api/v1/partitions", timeout=_ANSWER_LIMIT) as answer:
            if answer.status != HTTPStatus.OK:
                return None
            said: list[dict[str, Any]] = await answer.json()
            return said
    except (aiohttp.ClientError, TimeoutError):
        return None


async def _refusal(session: aiohttp.ClientSession, url: str) -> str | None:
    try:
        async with session.get(url, timeout=_ANSWER_LIMIT) as answer:
            return None if answer.status == HTTPStatus.OK else f"{answer.status}: {await answer.text()}"
    except (aiohttp.ClientError, TimeoutError) as error:
        return str(error) or type(error).__name__
