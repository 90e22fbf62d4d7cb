"""`worker`: one engine process, after a look at whether it can run at all."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable

import typer

from app.cli.errors import CommandError
from app.cli.output import AsJson, result
from app.cli.waiting import until_reached
from app.settings import Settings, load_settings

app = typer.Typer(name="worker")


@app.command(epilog="Example: CARILLON_DATA=.carillon/state-1 python -m app worker")
def worker(context: typer.Context, as_json: AsJson = False) -> None:
    """Run one engine process until SIGTERM; as many as there are partitions may run side by side.

    While Kafka does not answer it waits, alive and not ready.
    """
    run_worker: Callable[[Settings], object] = context.obj
    settings = load_settings()
    refuse_used_port(settings.web.host, settings.web.port)
    until_reached(lambda: _check(settings), settings.web.host, settings.web.port)
    url = f"http://{settings.web}/console/"
    result(
        {"app": settings.app, "console": url},
        f"The worker of {settings.app} starts; its console: {url}",
        as_json,
    )
    run_worker(settings)


def _check(settings: Settings) -> None:
    from app.cli.broker import run  # noqa: PLC0415 - heavy
    from app.refusals import SetupRefused  # noqa: PLC0415 - heavy
    from app.setup import check  # noqa: PLC0415 - heavy

    try:
        run(settings.kafka, lambda: check(settings))
    except SetupRefused as error:
        raise CommandError(f"The worker has not started: {error}") from error


def refuse_used_port(host: str, port: int) -> None:
    """Raise CommandError where the web port cannot be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
        raise CommandError(
            f"The worker has not started: port {port} on {host} {why}. Stop what holds it, or name another in "
            "CARILLON_WEB; every worker on one machine needs its own."
        ) from error
