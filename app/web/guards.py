"""What every request passes: asked for by a name of this machine, answered with strict headers, errors in words."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

import aiohttp_jinja2
from aiohttp import web

from app.web.answers import Problem, as_problem

logger = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HEADERS = MappingProxyType(
    {
        "Content-Security-Policy": (
            "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
)
STATIC = "/console/static/"
IMMUTABLE = "public, max-age=31536000, immutable"


async def harden(request: web.Request, response: web.StreamResponse) -> None:
    """As any answer leaves: strict headers; what is not a file of ours is kept by nobody."""
    response.headers.update(HEADERS)
    is_file = request.path.startswith(STATIC) and response.status < HTTPStatus.BAD_REQUEST
    response.headers.setdefault("Cache-Control", IMMUTABLE if is_file else "no-store")


def only_by_name(host: str) -> Any:
    """A middleware: a worker that listens on loopback answers nobody who calls it by a name from elsewhere.

    A page on the internet may let its own name point to 127.0.0.1, and would read everything otherwise.
    """

    @web.middleware
    async def check_host(request: web.Request, handler: Handler) -> web.StreamResponse:
        asked = request.url.host or ""
        if not is_loopback(host) or is_loopback(asked) or asked == host:
            return await handler(request)
        raise Problem(HTTPStatus.MISDIRECTED_REQUEST, "this worker answers on the loopback interface only")

    return check_host


def is_loopback(host: str) -> bool:
    """Is this a name or address of this machine alone?"""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@web.middleware
async def explain(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors in words: a problem document for programs, a page for people."""
    try:
        return await handler(request)
    except Problem as problem:
        return _answer(request, problem)
    except web.HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        response = _answer(request, Problem(HTTPStatus(error.status), _detail(request, error)))
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
        return response
    except Exception:
        logger.exception("%s %s failed", request.method, request.path)
        return _answer(
            request, Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "a bug; the log of this worker has it")
        )


def _detail(request: web.Request, error: web.HTTPException) -> str:
    if error.status == HTTPStatus.NOT_FOUND:
        return f"there is nothing at {request.path}"
    if error.status == HTTPStatus.METHOD_NOT_ALLOWED:
        return f"{request.method} is not for {request.path}"
    return error.reason


def _answer(request: web.Request, problem: Problem) -> web.Response:
    if not request.path.startswith("/console"):
        return as_problem(problem, request.rel_url.raw_path)
    context = {"problem": problem, "page": "", "asked": ""}
    response = aiohttp_jinja2.render_template("problem.html", request, context, status=problem.status)
    response.headers.update(problem.headers)
    return response
