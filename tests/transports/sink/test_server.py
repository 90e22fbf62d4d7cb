"""The sink over a real socket: its own endpoints, and how it starts and stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from app.domain.model.receipt import Unknown
from tests.transports.makers import NOW_MS, HandClock, a_push, a_target, until
from transports.fcm.client import FcmTransport
from transports.http import HttpPool
from transports.sink.control import CHUNK
from transports.sink.fcm.key_file import KeyFileError
from transports.sink.server import Sink


@pytest.fixture
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def fill(sink: Sink, count: int) -> None:
    for number in range(count):
        sink.desk.received.add("fcm", "t", f"m-{number}", 200, b'{"message": {}}')


async def lines(browser: aiohttp.ClientSession, url: str) -> list[dict[str, Any]]:
    async with browser.get(url) as response:
        assert response.status == 200
        return [msgspec.json.decode(row) for row in (await response.read()).splitlines()]


async def test_what_arrived_is_told_in_json_lines(sink: Sink, browser: aiohttp.ClientSession) -> None:
    fill(sink, 3)

    told = await lines(browser, f"{sink.url}/received?after=1")

    assert [row["n"] for row in told] == [2, 3]
    assert list(told[0]) == ["n", "at", "service", "token", "message", "status", "body", "answered"]
    assert [row["n"] for row in await lines(browser, f"{sink.url}/received?after=0&limit=2")] == [1, 2]
    assert await lines(browser, f"{sink.url}/received?after=3") == []


async def test_a_list_of_several_chunks_is_whole(sink: Sink, browser: aiohttp.ClientSession) -> None:
    fill(sink, 2 * CHUNK + 1)

    told = await lines(browser, f"{sink.url}/received")

    assert [row["n"] for row in told] == list(range(1, 2 * CHUNK + 2))


@pytest.mark.parametrize("query", ["after=x", "after=-1", "limit=1.5", "after=" + "9" * 19, "limit="])
async def test_a_number_that_is_none_is_refused(
    sink: Sink, browser: aiohttp.ClientSession, query: str
) -> None:
    async with browser.get(f"{sink.url}/received?{query}") as response:
        assert response.status == 400
        assert "whole number" in await response.text()


async def test_counts_and_flights(sink: Sink, browser: aiohttp.ClientSession) -> None:
    fill(sink, 2)
    (first, _) = sink.desk.received.after(0)

    with sink.desk.received.waiting(first):
        async with browser.get(f"{sink.url}/inflight") as response:
            flights = await response.json()
        async with browser.get(f"{sink.url}/counts") as response:
            counts = await response.json()

    assert flights["in_flight"] == 1
    assert flights["requests"][0]["message"] == "m-0"
    assert counts == {"received": 2, "kept": 2, "in_flight": 1, "by_service": {"fcm": {"200": 2}}}


async def test_a_script_is_taken_refused_and_cleared(sink: Sink, browser: aiohttp.ClientSession) -> None:
    url = f"{sink.url}/script"
    async with browser.post(url, json=[{"status": 503}, {"token": "x", "no_answer": True}]) as response:
        assert (response.status, await response.json()) == (200, {"rules": 2})
    async with browser.post(url, json={"delay": "soon"}) as response:
        assert response.status == 400
        assert "rule 0: `delay`" in (await response.json())["error"]
    async with browser.delete(url) as response:
        assert (response.status, await response.json()) == (200, {"rules": 0})


async def test_the_page_forbids_scripts(sink: Sink, browser: aiohttp.ClientSession) -> None:
    fill(sink, 1)

    async with browser.get(sink.url) as response:
        assert response.status == 200
        assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "m-0" in await response.text()


async def test_a_port_in_use_is_an_error_and_leaves_no_key_file(
    sink: Sink, tmp_path: Path, clock: HandClock
) -> None:
    second = Sink(int(sink.url.rpartition(":")[2]), tmp_path / "other.json", clock.now_ms)

    with pytest.raises(OSError, match="in use"):
        await second.start()

    assert not (tmp_path / "other.json").exists()
    await second.stop()


async def test_a_key_file_that_is_refused_gives_the_port_back(tmp_path: Path, clock: HandClock) -> None:
    (tmp_path / "mine.json").write_text("precious")
    first = Sink(0, tmp_path / "mine.json", clock.now_ms)

    with pytest.raises(KeyFileError):
        await first.start()

    second = Sink(int(first.url.rpartition(":")[2]), tmp_path / "own.json", clock.now_ms)
    await second.start()
    await second.stop()


async def test_stopping_cuts_off_what_waits_and_frees_the_port(
    tmp_path: Path, clock: HandClock, http: HttpPool
) -> None:
    # Given a request that is never answered
    running = Sink(0, tmp_path / "fcm.json", clock.now_ms)
    await running.start()
    running.desk.script.extend(b'{"service": "fcm", "no_answer": true}')
    transport = FcmTransport("shop", running.credentials, running.url, http, clock)
    await transport.open()
    waiting = asyncio.create_task(transport.send(a_push(), a_target(), NOW_MS))
    await until(lambda: len(running.desk.received.in_flight()) == 1)
    # When the sink stops
    await running.stop()
    await running.stop()
    # Then its caller is cut off, and the port can be taken again
    assert isinstance(await waiting, Unknown)
    await transport.close()
    again = Sink(int(running.url.rpartition(":")[2]), tmp_path / "fcm.json", clock.now_ms)
    await again.start()
    await again.stop()


def test_before_the_start_there_is_no_account(tmp_path: Path, clock: HandClock) -> None:
    with pytest.raises(RuntimeError, match="not started"):
        _ = Sink(0, tmp_path / "fcm.json", clock.now_ms).account
