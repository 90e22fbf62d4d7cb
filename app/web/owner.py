"""Whose a user is, and asking that worker: state lives where the partition does, and any worker may be asked for it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import aiohttp
from aiohttp import web
from yarl import URL

from app.partitioning import partition_of
from app.web.answers import Problem, not_now
from app.web.inside import Inside

HOP = "X-Hop"
ANSWER_S = 5.0
END_TO_END = ("Content-Type", "Retry-After", "Cache-Control", "Location")


class Owners:
    """The workers of the group as its last assignment names them."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside
        self._session: aiohttp.ClientSession | None = None

    @property
    def own_url(self) -> str:
        """How the others reach this worker."""
        return str(self._inside.engine.conf.canonical_url)

    def place_of(self, user: str) -> int:
        """The partition that a user lives in."""
        settings = self._inside.settings
        return partition_of(user_key(user), settings.partitions, settings.partitioner)

    def workers(self) -> dict[str, frozenset[int]]:
        """The partitions of `events` by the address of their worker."""
        told: Mapping[str, Mapping[str, Any]] = self._inside.engine.router.external_topics_metadata()
        return {url: frozenset(topics.get(self._inside.topics.events, ())) for url, topics in told.items()}

    def others(self) -> list[str]:
        """The addresses of the other workers."""
        return sorted(url for url in self.workers() if url != self.own_url)

    async def pass_on(self, request: web.Request, partition: int) -> web.Response:
        """Ask the owner of a partition what we were asked. Raises Problem where nobody can be asked."""
        if HOP in request.headers:
            raise not_now(f"partition {partition} is on its way to another worker")
        owner = next((url for url, partitions in self.workers().items() if partition in partitions), None)
        if owner is None or owner == self.own_url:
            raise not_now(f"partition {partition} has no worker that is ready at the moment")
        url = URL(owner).join(URL(request.rel_url.raw_path_qs, encoded=True))
        status, headers, body = await self._ask(url, {"Accept": request.headers.get("Accept", "*/*")})
        kept = {name: headers[name] for name in END_TO_END if name in headers}
        return web.Response(status=status, headers=kept, body=body)

    async def gather(self, path: str) -> dict[str, bytes | None]:
        """What each of the other workers answers at a path; None from those that do not answer 200 in time."""
        others = self.others()
        answers = await asyncio.gather(*(self._try(URL(url).with_path(path)) for url in others))
        return dict(zip(others, answers, strict=True))

    async def stop(self) -> None:
        """Let go of the connections."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def _try(self, url: URL) -> bytes | None:
        try:
            status, _, body = await self._ask(url, {})
        except Problem:
            return None
        return body if status == HTTPStatus.OK else None

    async def _ask(self, url: URL, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(ANSWER_S, ceil_threshold=2 * ANSWER_S)
            )
        try:
            asked = self._session.get(url, headers={**headers, HOP: "1"}, allow_redirects=False)
            async with asked as answer:
                return answer.status, answer.headers, await answer.read()
        except TimeoutError as error:
            raise Problem(HTTPStatus.GATEWAY_TIMEOUT, f"{url.origin()} did not answer in time") from error
        except aiohttp.ClientError as error:
            detail = f"{url.origin()} owns this user and cannot be reached: {error}"
            raise Problem(HTTPStatus.BAD_GATEWAY, detail) from error


def user_key(user: str) -> bytes:
    """The key under which a user's records stand."""
    return user.encode("utf-8", "surrogatepass")
