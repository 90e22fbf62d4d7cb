"""What every request passes."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from app.web.guards import HEADERS, is_loopback
from tests.app.web.asking import Client, page_of
from tests.app.web.rig import Rig


@pytest.mark.parametrize("path", ["/", "/livez", "/console/", "/api/v1/campaigns", "/nothing", "/metrics"])
async def test_strict_headers_stand_on_every_answer(client: Client, path: str) -> None:
    async with client.get(path, allow_redirects=False) as answer:
        assert {name: answer.headers[name] for name in HEADERS} == dict(HEADERS)
        assert answer.headers["Cache-Control"] == "no-store"


def test_nothing_from_elsewhere_and_nothing_inline_is_allowed() -> None:
    policy = HEADERS["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert "http" not in policy


async def test_files_are_kept_because_their_address_changes_with_them(client: Client) -> None:
    page = await page_of(client, "/console/")
    address = next(part for part in page.split('"') if "console.css?v=" in part)
    async with client.get(address) as answer:
        assert answer.status == 200
        assert "immutable" in answer.headers["Cache-Control"]


async def test_a_file_that_is_not_there_is_not_kept(client: Client) -> None:
    async with client.get("/console/static/nope.css") as answer:
        assert (answer.status, answer.headers["Cache-Control"]) == (404, "no-store")


async def test_a_name_from_elsewhere_is_refused_on_loopback(client: Client) -> None:
    async with client.get("/api/v1/campaigns", headers={"Host": "evil.example:6066"}) as answer:
        assert answer.status == 421


@pytest.mark.parametrize("name", ["localhost:7000", "127.0.0.1", "[::1]:6066"])
async def test_every_name_of_this_machine_is_accepted(client: Client, name: str) -> None:
    async with client.get("/livez", headers={"Host": name}) as answer:
        assert answer.status == 200


async def test_elsewhere_any_name_is_accepted(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    address = type(rig.settings.web)("0.0.0.0", 6066)  # noqa: S104 - bound by nobody
    rig.settings = rig.settings.model_copy(update={"web": address})
    async with TestClient(TestServer(rig.application())) as client:
        answer = await client.get("/livez", headers={"Host": "worker-1.example"})
        assert answer.status == 200


async def test_what_only_answers_get_says_so(client: Client) -> None:
    async with client.post("/api/v1/partitions") as answer:
        assert answer.status == 405
        assert "GET" in answer.headers["Allow"]
        assert answer.content_type == "application/problem+json"


async def test_the_frameworks_own_pages_are_off(client: Client) -> None:
    for path in ("/router", "/table", "/stats", "/graph", "/performance"):
        async with client.get(path) as answer:
            assert answer.status == 404


@pytest.mark.parametrize(("name", "is_ours"), [("localhost", True), ("::1", True), ("127.9.9.9", True),
                                               ("0.0.0.0", False), ("evil.example", False), ("", False)])  # fmt: skip  # noqa: S104
def test_loopback(name: str, is_ours: bool) -> None:
    assert is_loopback(name) is is_ours
