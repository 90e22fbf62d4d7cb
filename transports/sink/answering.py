"""From a judged request to its answer: noted, scripted, delayed, or left without one. For every service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus

from aiohttp import web

from transports.sink.received import NO_ANSWER, Received
from transports.sink.script import Action, Script


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a service found in a request, and what it would answer."""

    token: str
    message: str
    status: int
    body: bytes


@dataclass(slots=True)
class Desk:
    """What all services share."""

    received: Received
    script: Script = field(default_factory=Script)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(
        self,
        request: web.Request,
        service: str,
        verdict: Verdict,
        body: bytes,
        by_status: Callable[[int], bytes],
    ) -> web.StreamResponse:
        """Note the request and answer it. `by_status` writes the usual body of a scripted status."""
        good = verdict.status < HTTPStatus.BAD_REQUEST
        action = self.script.next(service, verdict.token) if good else None
        if action is None:
            entry = self.received.add(service, verdict.token, verdict.message, verdict.status, body)
            with self.received.waiting(entry):
                return json_response(verdict.status, verdict.body)
        status = NO_ANSWER if action.no_answer else action.status or verdict.status
        entry = self.received.add(service, verdict.token, verdict.message, status, body)
        with self.received.waiting(entry):
            return await self.act(request, action, verdict, by_status)

    async def act(
        self, request: web.Request, action: Action, verdict: Verdict, by_status: Callable[[int], bytes]
    ) -> web.StreamResponse:
        """Do what a rule says."""
        if action.no_answer or action.delay_s is not None:
            await self._wait(action.delay_s)
        if action.no_answer or self.stopping.is_set():
            return cut(request)
        status = action.status or verdict.status
        usual = verdict.body if status == verdict.status else by_status(status)
        return json_response(status, usual if action.body is None else action.body, action.headers)

    async def _wait(self, seconds: float | None) -> None:
        """Wait so long, for ever at None; a sink that stops waits no longer."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)


def json_response(status: int, body: bytes, headers: dict[str, str] | None = None) -> web.Response:
    """Answer with JSON."""
    return web.Response(
        status=status, body=body, headers=headers, content_type="application/json", charset="utf-8"
    )


def cut(request: web.Request) -> web.Response:
    """Cut the connection; the response that is returned goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
