"""What the demo asks its processes over HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from app.demo.errors import DemoError
from app.demo.http import SCRIPT, partitions, script_sink, wait_until_ready
from app.demo.stack import Stack
from transports.sink.script import Script, read

NOBODY = "http://127.0.0.1:9"


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
async def server() -> AsyncIterator[str]:
    """A worker and a sink in one, neither ready at first."""
    asked: list[int] = []

    async def ready(_: web.Request) -> web.Response:
        asked.append(1)
        return web.Response(status=200 if len(asked) > 2 else 503, text="restoring")

    async def script(request: web.Request) -> web.Response:
        return web.Response(text=str(len(read(await request.read()))))

    async def owned(_: web.Request) -> web.Response:
        return web.json_response([{"actor": "users", "partition": 0, "lag": 1}])

    application = web.Application()
    application.add_routes([web.get("/readyz", ready), web.post("/script", script)])
    application.add_routes([web.get("/api/v1/partitions", owned)])
    async with TestServer(application) as running:
        yield str(running.make_url("")).rstrip("/")


async def test_it_asks_until_the_answer_is_200(
    server: str, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    await wait_until_ready(session, Stack(tmp_path), f"{server}/readyz", limit_s=30)


async def test_the_last_refusal_is_quoted_when_the_time_is_over(
    server: str, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    with pytest.raises(DemoError, match=r"not ready after 0 s: 503: restoring"):
        await wait_until_ready(session, Stack(tmp_path), f"{server}/readyz", limit_s=0)


async def test_a_worker_tells_of_its_partitions(server: str, session: aiohttp.ClientSession) -> None:
    assert await partitions(session, server) == [{"actor": "users", "partition": 0, "lag": 1}]


async def test_a_worker_that_is_not_there_tells_nothing(session: aiohttp.ClientSession) -> None:
    assert await partitions(session, NOBODY) is None


async def test_the_sink_takes_the_script(server: str, session: aiohttp.ClientSession) -> None:
    await script_sink(session, server)


async def test_a_sink_that_is_not_there_is_an_error(session: aiohttp.ClientSession) -> None:
    with pytest.raises(DemoError, match="the sink does not answer"):
        await script_sink(session, NOBODY)


def test_the_script_refuses_the_first_call_to_each_token_that_ends_in_3() -> None:
    script = Script()
    script.extend(json.dumps(SCRIPT).encode())
    refused = script.next("fcm", "tok-user_0003")
    assert refused is not None
    assert (refused.status, refused.headers) == (503, {"Retry-After": "1"})
    assert script.next("fcm", "tok-user_0003") is None
    assert script.next("fcm", "tok-user_0013") is not None
    assert script.next("fcm", "tok-user_0031") is None
