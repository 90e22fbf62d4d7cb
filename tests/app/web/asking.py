"""Asking a worker in tests."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient

Client = TestClient[web.Request, web.Application]


async def json_of(client: Client, path: str, status: int = 200) -> Any:
    """The JSON at a path, which must answer with this status."""
    async with client.get(path) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json(content_type=None)


async def page_of(client: Client, path: str, status: int = 200) -> str:
    """The page at a path, which must answer with this status."""
    async with client.get(path) as answer:
        assert answer.status == status, await answer.text()
        assert answer.content_type == "text/html"
        return await answer.text()
