"""What a view answers with: JSON, or a problem (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import web

JSON = "application/json"
PROBLEM = "application/problem+json"
RETRY_S = 1

_encode = msgspec.json.Encoder().encode


class Problem(Exception):
    """Why a request cannot be answered. The middleware turns it into a problem document or a page."""

    def __init__(self, status: HTTPStatus, detail: str, retry_after_s: int | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.retry_after_s = retry_after_s

    @property
    def headers(self) -> dict[str, str]:
        """The headers that go with it."""
        return {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}


def not_found(detail: str) -> Problem:
    """There is no such thing."""
    return Problem(HTTPStatus.NOT_FOUND, detail)


def not_now(detail: str, retry_after_s: int = RETRY_S) -> Problem:
    """It cannot be answered at this moment; asking again soon will help."""
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, retry_after_s)


def as_json(
    value: Any, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> web.Response:
    """The value as JSON."""
    return web.Response(body=_encode(value), status=status, content_type=JSON, headers=headers)


def as_problem(problem: Problem, instance: str) -> web.Response:
    """The problem as RFC 9457 wants it."""
    document = {
        "type": "about:blank",
        "title": problem.status.phrase,
        "status": problem.status.value,
        "detail": problem.detail,
        "instance": instance,
    }
    return web.Response(
        body=_encode(document), status=problem.status, content_type=PROBLEM, headers=problem.headers
    )
