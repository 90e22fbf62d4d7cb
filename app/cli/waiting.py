"""What a worker does while Kafka does not answer at its start: it says so, on its web port too, and tries again.

Ending instead would make whoever supervises it start it over and over.
"""

from __future__ import annotations

import json
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

from app.cli.errors import UnreachableError
from app.cli.output import tell

FIRST_S = 0.5
LAST_S = 5.0

R = TypeVar("R")


def until_reached(act: Callable[[], R], host: str, port: int) -> R:
    """Act until Kafka answers. Meanwhile `/livez` is well, `/readyz` names the reason, SIGTERM ends it with 0."""
    pause_s = FIRST_S
    with ExitStack() as meanwhile:
        while True:
            try:
                return act()
            except UnreachableError as error:
                if pause_s == FIRST_S:
                    tell(f"waiting: {error} The worker starts once it answers.")
                    meanwhile.enter_context(ended_by_sigterm())
                    meanwhile.enter_context(probes(host, port, str(error)))
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, LAST_S)


@contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """SIGTERM is obeyed at once: nothing has begun that would have to end."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def probes(host: str, port: int, why: str) -> Iterator[None]:
    """Answer on the web port: alive, and not ready because of this."""
    server = _Server((host, port), _handler(why))
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="waiting", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)


def _handler(why: str) -> type[BaseHTTPRequestHandler]:
    reasons = [{"code": "broker", "message": why}]

    class Probe(BaseHTTPRequestHandler):
        """Knows two answers."""

        def do_GET(self) -> None:
            """`/livez` is well; whatever else is asked must wait."""
            if self.path.partition("?")[0] == "/livez":
                self._answer(HTTPStatus.OK, {"live": True})
            else:
                self._answer(HTTPStatus.SERVICE_UNAVAILABLE, {"ready": False, "reasons": reasons})

        def _answer(self, status: HTTPStatus, value: object) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Retry-After", "1")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Probes are no news."""

    return Probe
