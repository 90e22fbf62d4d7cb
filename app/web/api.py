"""`/api/v1/…`: JSON for programs."""

from __future__ import annotations

from aiohttp import web

from app.web import partitions
from app.web.answers import as_json
from app.web.ends import Ends
from app.web.inside import Inside


class Api:
    """The operations of one worker."""

    def __init__(self, inside: Inside, ends: Ends) -> None:
        self._inside = inside
        self._ends = ends

    async def partitions(self, _request: web.Request) -> web.Response:
        """Every partition that this worker owns."""
        return as_json(await partitions.views(self._inside, self._ends))
