"""`/livez` and `/readyz`: for whoever starts, stops and routes to workers."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from app.web.answers import RETRY_S, as_json
from app.web.health import Pulse, obstacles
from app.web.inside import Inside


class Probes:
    """The two probes of one worker."""

    def __init__(self, inside: Inside, pulse: Pulse) -> None:
        self._inside = inside
        self._pulse = pulse

    async def live(self, _request: web.Request) -> web.Response:
        """200 while the event loop goes on."""
        status = HTTPStatus.OK if self._pulse.is_alive else HTTPStatus.SERVICE_UNAVAILABLE
        return as_json(
            {"live": self._pulse.is_alive, "beat_age_seconds": round(self._pulse.age_s, 3)}, status
        )

    async def ready(self, _request: web.Request) -> web.Response:
        """200 while every partition that is ours decides; else 503 with every reason."""
        found = obstacles(self._inside)
        if not found:
            return as_json({"ready": True})
        reasons = [each._asdict() for each in found]
        headers = {"Retry-After": str(RETRY_S)}
        return as_json({"ready": False, "reasons": reasons}, HTTPStatus.SERVICE_UNAVAILABLE, headers)
