"""Puts every page, probe and API operation on the worker's web port, once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp_jinja2
import jinja2
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from app.web.api import Api
from app.web.console import Console
from app.web.decisions import Decisions
from app.web.ends import Ends
from app.web.events import Events
from app.web.guards import explain, harden, only_by_name
from app.web.health import Pulse
from app.web.inside import Inside
from app.web.looks import Looks, Readers
from app.web.metrics import Metrics, timed
from app.web.openapi import OPERATIONS
from app.web.owner import Owners
from app.web.probes import Probes
from app.web.searching import Search
from app.web.words import FILTERS, asset, share
from tables.stats_tail import StatsTail

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
HERE = Path(__file__).parent
STATIC = HERE / "static"


def register(inside: Inside) -> None:
    """Register everything; called once, before the engine starts."""
    build(inside, readers_of(inside))


def build(inside: Inside, readers: Readers) -> None:
    """Register everything over these readers."""
    looks, pulse, metrics = Looks(inside, readers), Pulse(inside.clock), Metrics(inside, readers)
    _add_views(inside, looks, readers, pulse, metrics)
    application: web.Application = inside.engine.web.web_app
    _add_templates(application, inside.settings.app)
    application.middlewares.extend([timed(metrics.http), explain, only_by_name(inside.settings.web.host)])
    application.on_response_prepare.append(harden)
    application.cleanup_ctx.append(_running(readers, pulse))


def _add_views(inside: Inside, looks: Looks, readers: Readers, pulse: Pulse, metrics: Metrics) -> None:
    """Every path that is answered."""
    api, console, probes = Api(looks), Console(looks, readers), Probes(inside, pulse)
    views: list[tuple[str, Answer]] = [
        ("/", console.home),
        ("/livez", probes.live),
        ("/readyz", probes.ready),
        ("/metrics", _metrics_page(metrics)),
        ("/api/v1/openapi.json", api.openapi),
        *((operation.path, getattr(api, operation.name)) for operation in OPERATIONS),
        ("/console", console.home),
        ("/console/", console.campaigns),
        ("/console/search", console.search),
        ("/console/campaigns/{campaign_id}", console.campaign),
        ("/console/explain", console.ask_explain),
        ("/console/users/{user_id}", console.user),
        ("/console/users/{user_id}/explain/{campaign_id}", console.explain),
        ("/console/cluster", console.cluster),
    ]
    for path, answer in views:
        _add(inside.engine, path, answer)
    inside.engine.web.add_static("/console/static", STATIC)


def _add(engine: Any, path: str, answer: Answer) -> None:
    async def get(_view: Any, request: web.Request, **_parts: str) -> web.StreamResponse:
        return await answer(request)

    engine.page(path, name=f"carillon:{path}")(get)


def _metrics_page(metrics: Metrics) -> Answer:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=await metrics.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return answer


def _add_templates(application: web.Application, app_name: str) -> None:
    environment = aiohttp_jinja2.setup(
        application,
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    environment.globals.update(app_name=app_name, asset=asset(STATIC), share=share)


def readers_of(inside: Inside) -> Readers:
    """Readers of the broker that the settings name."""
    kafka, topics = inside.settings.kafka, inside.topics
    return Readers(
        Ends(kafka),
        Decisions(kafka, topics.decisions),
        StatsTail(kafka, topics.stats, inside.settings.partitions),
        Owners(inside),
        Events(kafka, topics.events),
        Search(kafka, topics.decisions),
    )


def _running(readers: Readers, pulse: Pulse) -> Callable[[web.Application], AsyncIterator[None]]:
    async def run(_application: web.Application) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(pulse.run()), asyncio.create_task(readers.stats.run())]
        yield
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks)
        for reader in (readers.ends, readers.decisions, readers.events, readers.search, readers.owners):
            await reader.stop()

    return run
