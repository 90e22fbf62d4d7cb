"""Any worker answers for any user: two web servers, of which each owns one partition."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from app.partitioning import partition_of
from tests.app.web.asking import Client, json_of, page_of
from tests.app.web.makers import a_decision, a_user, counts, decisions
from tests.app.web.rig import URL, Rig

ELSEWHERE = next(f"u-{n}" for n in range(99) if partition_of(f"u-{n}".encode(), 2, "murmur2") == 1)


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, partitions=[0], count=2)


@pytest.fixture
async def other(tmp_path: Path, rig: Rig) -> AsyncIterator[Rig]:
    folder = tmp_path / "other"
    folder.mkdir()
    other = Rig(folder, partitions=[1], count=2)
    other.parts = {(actor, 0): part for (actor, _), part in other.parts.items()}
    async with TestServer(other.application()) as server:
        rig.own({URL: {"events": [0]}, str(server.make_url("")): {"events": [1]}})
        yield other


async def test_a_user_elsewhere_is_answered_by_the_owner(client: Client, rig: Rig, other: Rig) -> None:
    a_user(other, ELSEWHERE)
    assert (await json_of(client, f"/api/v1/users/{ELSEWHERE}"))["partition"] == 1
    assert len(await json_of(client, f"/api/v1/users/{ELSEWHERE}/inbox")) == 1
    assert ELSEWHERE in await page_of(client, f"/console/users/{ELSEWHERE}")


async def test_the_owners_refusal_is_passed_on(client: Client, rig: Rig, other: Rig) -> None:
    other.parts["users", 0].restore(at=1, end=2)
    async with client.get(f"/api/v1/users/{ELSEWHERE}") as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        assert answer.content_type == "application/problem+json"


async def test_a_request_hops_once(client: Client, rig: Rig, other: Rig) -> None:
    async with client.get(f"/api/v1/users/{ELSEWHERE}", headers={"X-Hop": "1"}) as answer:
        assert answer.status == 503


async def test_a_user_whom_nobody_owns_yet_is_asked_for_again(client: Client, rig: Rig) -> None:
    async with client.get(f"/api/v1/users/{ELSEWHERE}") as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")


async def test_an_owner_that_is_gone_is_a_bad_gateway(client: Client, rig: Rig) -> None:
    rig.own({URL: {"events": [0]}, "http://127.0.0.1:1": {"events": [1]}})
    answer = await json_of(client, f"/api/v1/users/{ELSEWHERE}", 502)
    assert "http://127.0.0.1:1 owns this user and cannot be reached" in answer["detail"]


async def test_an_owner_that_is_slow_is_a_gateway_timeout(
    client: Client, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.web.owner.ANSWER_S", 0.05)
    async with TestServer(_never_answering()) as server:
        rig.own({URL: {"events": [0]}, str(server.make_url("")): {"events": [1]}})
        assert (await json_of(client, f"/api/v1/users/{ELSEWHERE}", 504))["status"] == 504


async def test_the_decisions_of_a_campaign_come_from_every_worker(
    client: Client, rig: Rig, other: Rig
) -> None:
    decisions(rig, a_decision(id="here", at=1))
    decisions(other, a_decision(id="there", at=2))
    campaign = await _with_counts(client, rig)
    assert [each["id"] for each in campaign["decisions"]] == ["there", "here"]
    assert (campaign["answered"], campaign["workers"]) == (2, 2)


async def test_a_worker_that_does_not_answer_is_counted_and_missed(client: Client, rig: Rig) -> None:
    rig.own({URL: {"events": [0]}, "http://127.0.0.1:1": {"events": [1]}})
    campaign = await _with_counts(client, rig)
    assert (campaign["answered"], campaign["workers"]) == (1, 2)
    assert "1 of 2 workers answered" in await page_of(client, "/console/campaigns/cart")


async def test_the_cluster_shows_the_others_too(client: Client, rig: Rig, other: Rig) -> None:
    assert "2 of 2 workers answered" in await page_of(client, "/console/cluster")


async def test_the_cluster_shows_who_does_not_answer(client: Client, rig: Rig) -> None:
    rig.own({URL: {"events": [0]}, "http://127.0.0.1:1": {"events": [1]}})
    page = await page_of(client, "/console/cluster")
    assert "1 of 2 workers answered" in page
    assert "This worker does not answer." in page


async def _with_counts(client: Client, rig: Rig) -> Any:
    counts(rig, qualified=1, sent=1)
    return await json_of(client, "/api/v1/campaigns/cart")


def _never_answering() -> web.Application:
    async def wait(_request: web.Request) -> web.Response:
        await asyncio.sleep(1)
        return web.Response()

    application = web.Application()
    application.router.add_get("/{rest:.*}", wait)
    return application
