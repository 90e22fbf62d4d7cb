"""Puts every page, probe and API operation on the worker's web port, once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from app.web.api import Api
from app.web.ends import Ends
from app.web.guards import explain, harden, only_by_name
from app.web.health import Pulse
from app.web.inside import Inside
from app.web.probes import Probes

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
HERE = Path(__file__).parent


def register(inside: Inside) -> None:
    """Register everything; called once, before the engine starts."""
    engine, application = inside.engine, inside.engine.web.web_app
    ends, pulse = Ends(inside.settings.kafka), Pulse(inside.clock)
    probes, api = Probes(inside, pulse), Api(inside, ends)
    for path, name, answer in (
        ("/livez", "livez", probes.live),
        ("/readyz", "readyz", probes.ready),
        ("/api/v1/partitions", "partitions", api.partitions),
    ):
        _add(engine, path, name, answer)
    application.middlewares.extend([harden, explain, only_by_name(inside.settings.web.host)])
    application.cleanup_ctx.append(_running(pulse, ends))


def _add(engine: Any, path: str, name: str, answer: Answer) -> None:
    async def get(_view: Any, request: web.Request, **_parts: str) -> web.StreamResponse:
        return await answer(request)

    engine.page(path, name=name)(get)


def _running(pulse: Pulse, ends: Ends) -> Callable[[web.Application], Any]:
    async def run(_application: web.Application) -> Any:
        beating = asyncio.create_task(pulse.run())
        yield
        beating.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beating
        await ends.stop()

    return run
