"""The sink as a server on 127.0.0.1: put together, started, stopped."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from transports.sink.answering import Desk
from transports.sink.control import Control
from transports.sink.fcm import key_file
from transports.sink.fcm.account import TOKEN_LIFE_S, Account
from transports.sink.fcm.endpoint import FcmEndpoint
from transports.sink.received import Received

HOST = "127.0.0.1"
SHUTDOWN_S = 1.0
BACKLOG = 1024


class Sink:
    """One running sink. `port` 0 takes a free one; `now_ms` is the wall clock.

    start -> key file written, requests answered -> stop: what waits is cut off, the port is free.
    """

    def __init__(
        self, port: int, credentials: Path, now_ms: Callable[[], int], token_life_s: int = TOKEN_LIFE_S
    ) -> None:
        self.credentials = credentials
        self.desk = Desk(Received(now_ms))
        self._port = port
        self._now_ms = now_ms
        self._token_life_s = token_life_s
        self._account: Account | None = None
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{HOST}:{self._port}"

    @property
    def account(self) -> Account:
        """The service account that it trusts. Raises RuntimeError before the start."""
        if self._account is None:
            raise RuntimeError("the sink is not started")
        return self._account

    async def start(self) -> None:
        """Take the port, write the key file, answer. Raises OSError (the port), KeyFileError."""
        listener = socket.create_server((HOST, self._port), backlog=BACKLOG)
        try:
            self._port = listener.getsockname()[1]
            token_uri = f"{self.url}/token"
            key, key_id = key_file.ensure(self.credentials, token_uri)
            self._account = Account(key, key_id, token_uri, self._now_ms, self._token_life_s)
            self._runner = web.AppRunner(
                self._application(self._account),
                access_log=None,
                handle_signals=False,
                handler_cancellation=True,
                shutdown_timeout=SHUTDOWN_S,
            )
            await self._runner.setup()
            await web.SockSite(self._runner, listener, backlog=BACKLOG).start()
        except BaseException:
            listener.close()
            raise

    async def stop(self) -> None:
        """Cut off what waits, close every connection, free the port. Safe without `start`, and twice."""
        self.desk.stopping.set()
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    def _application(self, account: Account) -> web.Application:
        """Every service's routes, and those of the sink itself. A new service is a line here."""
        application = web.Application()
        application.add_routes(FcmEndpoint(account, self.desk).routes())
        application.add_routes(Control(self.desk).routes())
        return application
