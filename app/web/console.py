"""`/console/`: pages for people, made here and readable without any script."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import aiohttp_jinja2
from aiohttp import web

from app.web.looks import Looks, Readers
from app.web.words import segment

HOME = "/console/"


class Console:
    """The pages of one worker."""

    def __init__(self, looks: Looks, readers: Readers) -> None:
        self._looks = looks
        self._readers = readers

    async def home(self, _request: web.Request) -> web.Response:
        """Where the console is."""
        return _go(HOME)

    async def search(self, request: web.Request) -> web.Response:
        """To the user that was asked for."""
        user = request.query.get("user", "").strip()
        return _go(f"/console/users/{segment(user)}" if user else HOME)

    async def campaigns(self, request: web.Request) -> web.Response:
        """All campaigns."""
        found = await self._looks.campaigns()
        return _page(request, "campaigns.html", "campaigns", campaigns=found, is_current=self._is_current)

    async def campaign(self, request: web.Request) -> web.Response:
        """One campaign."""
        name = request.match_info["campaign_id"]
        found = await self._looks.campaign(name)
        latest = await self._looks.latest(name)
        versions = self._looks.versions(name)
        return _page(
            request,
            "campaign.html",
            "campaigns",
            campaign=found,
            latest=latest,
            versions=versions,
            is_current=self._is_current,
        )

    async def user(self, request: web.Request) -> web.StreamResponse:
        """One user, from the worker that owns them."""
        name = request.match_info["user_id"]
        answer = await self._looks.elsewhere(request, name)
        if answer is not None:
            return answer
        found = await self._looks.user(name)
        inbox = self._looks.inbox(name)
        return _page(request, "user.html", "users", user=found, inbox=inbox, asked=name)

    async def ask_explain(self, request: web.Request) -> web.Response:
        """To the explanation that was asked for."""
        user, campaign = (request.query.get(name, "").strip() for name in ("user", "campaign"))
        if not user or not campaign:
            return _go(f"/console/campaigns/{segment(campaign)}" if campaign else HOME)
        return _go(f"/console/users/{segment(user)}/explain/{segment(campaign)}")

    async def explain(self, request: web.Request) -> web.StreamResponse:
        """Why a campaign was or was not sent to a user, from the worker that owns them."""
        user, campaign = request.match_info["user_id"], request.match_info["campaign_id"]
        answer = await self._looks.elsewhere(request, user)
        if answer is not None:
            return answer
        found = await self._looks.explain(user, campaign)
        return _page(request, "explain.html", "users", why=found, asked=user)

    async def cluster(self, request: web.Request) -> web.Response:
        """All workers and their partitions."""
        return _page(request, "cluster.html", "cluster", workers=await self._looks.workers())

    @property
    def _is_current(self) -> bool:
        return self._readers.stats.is_current


def _page(request: web.Request, template: str, page: str, **context: Any) -> web.Response:
    return aiohttp_jinja2.render_template(template, request, {"asked": "", **context, "page": page})


def _go(path: str) -> web.Response:
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": path})
