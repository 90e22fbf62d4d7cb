"""`/api/v1/…`: JSON for programs. The operations stand in `openapi.OPERATIONS`; here is one method for each."""

from __future__ import annotations

import msgspec
from aiohttp import web

from app.web.answers import as_json
from app.web.looks import Looks
from app.web.openapi import CampaignFound, document


class Api:
    """The operations of one worker."""

    def __init__(self, looks: Looks) -> None:
        self._looks = looks
        self._document = document()

    async def openapi(self, _request: web.Request) -> web.Response:
        """What can be asked here."""
        return as_json(self._document)

    async def partitions(self, _request: web.Request) -> web.Response:
        """Every partition that this worker owns."""
        return as_json(await self._looks.partitions())

    async def campaigns(self, _request: web.Request) -> web.Response:
        """Every campaign with its counts."""
        return as_json(await self._looks.campaigns())

    async def campaign(self, request: web.Request) -> web.Response:
        """One campaign."""
        campaign = request.match_info["campaign_id"]
        found = await self._looks.campaign(campaign)
        latest = await self._looks.latest(campaign)
        versions = [version.version for version in self._looks.versions(campaign)]
        return as_json(
            CampaignFound(
                **msgspec.structs.asdict(found),
                versions=versions,
                decisions=latest.decisions,
                answered=latest.answered,
                workers=latest.workers,
            )
        )

    async def campaign_decisions(self, request: web.Request) -> web.Response:
        """The last decisions of a campaign in the partitions of this worker."""
        return as_json(await self._looks.latest_here(request.match_info["campaign_id"]))

    async def user(self, request: web.Request) -> web.Response:
        """One user."""
        user = request.match_info["user_id"]
        answer = await self._looks.elsewhere(request, user)
        return as_json(await self._looks.user(user)) if answer is None else answer

    async def explain(self, request: web.Request) -> web.Response:
        """Why a campaign was or was not sent to a user."""
        user, campaign = request.match_info["user_id"], request.match_info["campaign_id"]
        answer = await self._looks.elsewhere(request, user)
        return as_json(await self._looks.explain(user, campaign)) if answer is None else answer

    async def inbox(self, request: web.Request) -> web.Response:
        """The inbox of a user."""
        user = request.match_info["user_id"]
        answer = await self._looks.elsewhere(request, user)
        return as_json(self._looks.inbox(user)) if answer is None else answer
