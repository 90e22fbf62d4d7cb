"""The seam to HTTP: what is certain to be unsent, what may have arrived, what was answered."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web

from tests.transports.makers import a_free_port, until
from transports.base import leaving_by
from transports.http import BODY_LIMIT_BYTES, Answer, HttpPool, NoAnswer, Unsent

Serve = Callable[[Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]], Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts servers on loopback."""
    runners: list[web.ServerRunner] = []

    async def start(handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> str:
        runner = web.ServerRunner(web.Server(handler, access_log=None), shutdown_timeout=0.1)
        await runner.setup()
        runners.append(runner)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield start
    for runner in runners:
        await runner.cleanup()


async def test_an_answer_brings_status_headers_and_body(http: HttpPool, serve: Serve) -> None:
    async def echo(request: web.BaseRequest) -> web.StreamResponse:
        said = f"{request.method} {request.headers['X-Own']} ".encode() + await request.read()
        return web.Response(status=418, headers={"Retry-After": "7"}, body=said)

    outcome = await http.post(await serve(echo), {"X-Own": "here"}, b"body", 5)

    assert isinstance(outcome, Answer)
    assert (outcome.status, outcome.body) == (418, b"POST here body")
    assert outcome.headers.get("retry-after") == "7"


async def test_an_empty_body_is_an_answer(http: HttpPool, serve: Serve) -> None:
    async def nothing(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=204)

    outcome = await http.post(await serve(nothing), {}, b"", 5)

    assert isinstance(outcome, Answer)
    assert (outcome.status, outcome.body) == (204, b"")


@pytest.mark.parametrize("size_bytes", [BODY_LIMIT_BYTES - 1, BODY_LIMIT_BYTES, 5 * BODY_LIMIT_BYTES])
async def test_a_long_body_is_cut(http: HttpPool, serve: Serve, size_bytes: int) -> None:
    async def long(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=b"x" * size_bytes)

    url = await serve(long)
    outcome = await http.post(url, {}, b"", 5)

    assert isinstance(outcome, Answer)
    assert len(outcome.body) == min(size_bytes, BODY_LIMIT_BYTES)
    assert isinstance(await http.post(url, {}, b"", 5), Answer)


async def test_a_redirect_is_an_answer_and_is_not_followed(http: HttpPool, serve: Serve) -> None:
    async def elsewhere(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    outcome = await http.post(await serve(elsewhere), {}, b"", 5)

    assert isinstance(outcome, Answer)
    assert outcome.status == 307


async def test_connections_are_kept(http: HttpPool, serve: Serve) -> None:
    ports: set[int] = set()

    async def note(request: web.BaseRequest) -> web.StreamResponse:
        assert request.transport is not None
        ports.add(request.transport.get_extra_info("peername")[1])
        return web.Response()

    url = await serve(note)
    for _ in range(5):
        await http.post(url, {}, b"", 5)

    assert len(ports) == 1


async def test_a_refused_connection_is_unsent(http: HttpPool) -> None:
    outcome = await http.post(f"http://127.0.0.1:{a_free_port()}/secret", {}, b"", 5)

    assert isinstance(outcome, Unsent)
    assert "secret" not in outcome.detail


async def test_a_name_that_is_none_is_unsent(http: HttpPool) -> None:
    assert isinstance(await http.post("http://", {}, b"", 5), Unsent)


async def test_waiting_for_a_connection_past_the_deadline_is_unsent(serve: Serve) -> None:
    """A request that never got a connection of the pool cannot have left."""
    entered = asyncio.Event()

    async def hold(request: web.BaseRequest) -> web.StreamResponse:
        entered.set()
        await asyncio.Event().wait()
        return web.Response()

    url = await serve(hold)
    pool = HttpPool(connections=1)
    await pool.open()
    first = asyncio.create_task(pool.post(url, {}, b"", 60))
    await entered.wait()

    outcome = await pool.post(url, {}, b"", 0.1)

    assert isinstance(outcome, Unsent)
    first.cancel()
    await asyncio.wait([first])
    await pool.close()


async def test_silence_past_the_deadline_is_no_answer(http: HttpPool, serve: Serve) -> None:
    async def hold(request: web.BaseRequest) -> web.StreamResponse:
        await asyncio.Event().wait()
        return web.Response()

    assert isinstance(await http.post(await serve(hold), {}, b"", 0.1), NoAnswer)


async def test_the_deadline_fires_in_the_middle_of_a_body(http: HttpPool, serve: Serve) -> None:
    async def drip(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "10"})
        await response.prepare(request)
        await response.write(b"half")
        await asyncio.Event().wait()
        return response

    assert isinstance(await http.post(await serve(drip), {}, b"", 0.2), NoAnswer)


async def test_a_connection_cut_after_the_request_is_no_answer(http: HttpPool, serve: Serve) -> None:
    async def cut(request: web.BaseRequest) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    assert isinstance(await http.post(await serve(cut), {}, b"", 5), NoAnswer)


async def test_a_cancelled_caller_gives_its_connection_back(serve: Serve) -> None:
    entered = asyncio.Event()
    hold_next = True

    async def hold_once(request: web.BaseRequest) -> web.StreamResponse:
        entered.set()
        if hold_next:
            await asyncio.Event().wait()
        return web.Response()

    url = await serve(hold_once)
    pool = HttpPool(connections=1)
    await pool.open()
    first = asyncio.create_task(pool.post(url, {}, b"", 60))
    await entered.wait()
    first.cancel()
    await until(first.done)
    hold_next = False

    assert isinstance(await pool.post(url, {}, b"", 5), Answer)
    await pool.close()


async def test_a_pool_that_is_not_open_says_so() -> None:
    pool = HttpPool()

    with pytest.raises(RuntimeError, match="not open"):
        await pool.post("http://127.0.0.1/", {}, b"", 1)
    await pool.close()


async def test_what_may_no_longer_leave_does_not(http: HttpPool, serve: Serve) -> None:
    """C049: given a token that is void, on a kept connection and once a new one stands, then nothing arrives."""
    arrived = []

    async def note(request: web.BaseRequest) -> web.StreamResponse:
        arrived.append(request.path)
        return web.Response()

    url = await serve(note)
    leaving_by.set(lambda: 60.0)
    assert isinstance(await http.post(f"{url}/in-time", {}, b"", 60), Answer)
    leaving_by.set(lambda: 0.0)
    assert isinstance(await http.post(f"{url}/late", {}, b"", 60), Unsent)
    while_connecting = iter([60.0])
    leaving_by.set(lambda: next(while_connecting, 0.0))
    assert isinstance(await http.post(f"{url.replace('127.0.0.1', 'localhost')}/late", {}, b"", 60), Unsent)
    leaving_by.set(None)
    assert arrived == ["/in-time"]
    assert isinstance(await http.post(f"{url}/later", {}, b"", 5), Answer)


async def test_connecting_ends_when_the_request_may_no_longer_leave(
    http: HttpPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a server that does not take the connection, then the wait ends with the token, not after ten minutes."""
    monkeypatch.setattr("transports.http.CONNECT_TIMEOUT_S", 600.0)
    loop = asyncio.get_running_loop()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        fillers = [socket.socket() for _ in range(8)]
        for filler in fillers:
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect(listener.getsockname())
        ends_s = loop.time() + 0.3
        leaving_by.set(lambda: ends_s - loop.time())
        async with asyncio.timeout(60):
            outcome = await http.post(url, {}, b"", 900)
        for filler in fillers:
            filler.close()
    assert isinstance(outcome, Unsent)
