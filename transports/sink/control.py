"""How the sink is asked and told: what arrived, what is in flight, counts, the script, the page."""

from __future__ import annotations

import msgspec
from aiohttp import web

from transports.sink import page
from transports.sink.answering import Desk, json_response
from transports.sink.received import line, summary
from transports.sink.script import ScriptError

CHUNK = 500  # lines that are written at once, so that a long list holds up nobody
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


class Control:
    """The endpoints that are no push service's."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        """Where they answer."""
        return [
            web.get("/", self.page),
            web.get("/received", self.received),
            web.get("/counts", self.counts),
            web.get("/inflight", self.in_flight),
            web.post("/script", self.extend_script),
            web.delete("/script", self.clear_script),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """Show what arrived last."""
        received = self._desk.received
        text = page.render(received.newest(page.SHOWN), received.total)
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": _POLICY})

    async def received(self, request: web.Request) -> web.StreamResponse:
        """`?after=N&limit=N`: JSON lines above the running number `after` (default 0), all by default."""
        try:
            after = _whole(request, "after") or 0
            limit = _whole(request, "limit")
        except ValueError as error:
            return _problem(str(error))
        entries = self._desk.received.after(after, limit)
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson; charset=utf-8"})
        await response.prepare(request)
        for start in range(0, len(entries), CHUNK):
            await response.write(b"".join(map(line, entries[start : start + CHUNK])))
        await response.write_eof()
        return response

    async def counts(self, request: web.Request) -> web.Response:
        """`{"received", "kept", "in_flight", "by_service": {service: {status: number}}}`; 0 is no answer."""
        return json_response(200, msgspec.json.encode(self._desk.received.counts()))

    async def in_flight(self, request: web.Request) -> web.Response:
        """`{"in_flight": number, "requests": [...]}`: received and not answered yet, lines without bodies."""
        waiting = [summary(entry) for entry in self._desk.received.in_flight()]
        return json_response(200, msgspec.json.encode({"in_flight": len(waiting), "requests": waiting}))

    async def extend_script(self, request: web.Request) -> web.Response:
        """Add rules (see `script`). Answers `{"rules": number in force}`, or 400 and what is wrong."""
        try:
            rules = self._desk.script.extend(await request.read())
        except ScriptError as error:
            return _problem(str(error))
        return json_response(200, msgspec.json.encode({"rules": rules}))

    async def clear_script(self, request: web.Request) -> web.Response:
        """Forget the rules."""
        self._desk.script.clear()
        return json_response(200, msgspec.json.encode({"rules": 0}))


def _whole(request: web.Request, name: str) -> int | None:
    """A whole number of the query, None where it is left out. Raises ValueError."""
    written = request.query.get(name)
    if written is None:
        return None
    if not (written.isascii() and written.isdigit() and len(written) <= 18):  # noqa: PLR2004 - fits 64 bits
        raise ValueError(f"`{name}` is a whole number")
    return int(written)


def _problem(said: str) -> web.Response:
    return json_response(400, msgspec.json.encode({"error": said}))
