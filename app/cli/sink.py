"""`sink`: the loopback push service as a process of its own."""

from __future__ import annotations

import asyncio
import errno
import json
import signal
from pathlib import Path
from typing import Annotated

import typer

from app import clock
from transports.sink.fcm.key_file import KeyFileError
from transports.sink.server import HOST, Sink

DEFAULT_PORT = 9090
DEFAULT_CREDENTIALS = Path(".carillon/sink/fcm.json")

app = typer.Typer()


@app.command("sink", epilog="Example: python -m app sink --port 9090")
def sink(
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port on 127.0.0.1; 0 takes a free one.")
    ] = DEFAULT_PORT,
    credentials: Annotated[
        Path, typer.Option(help="Where to write the service account's key file.")
    ] = DEFAULT_CREDENTIALS,
    as_json: Annotated[bool, typer.Option("--json", help="Say it as one JSON line.")] = False,
) -> None:
    """Run a loopback push service, as strict as the real ones, until SIGTERM or Ctrl-C.

    Its page shows what arrived; POST /script makes it fail.
    """
    try:
        asyncio.run(_serve(Sink(port, credentials, clock.now_ms), as_json))
    except KeyFileError as error:
        _fail(f"The sink has not started: {error}.")
    except OSError as error:
        _fail(_port_problem(error, port))


async def _serve(running: Sink, as_json: bool) -> None:
    """Start, say so, wait for a signal, stop."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    await running.start()
    try:
        typer.echo(_ready(running, as_json))
        await stopped.wait()
    finally:
        await running.stop()


def _ready(running: Sink, as_json: bool) -> str:
    if as_json:
        return json.dumps({"url": running.url, "credentials": str(running.credentials)})
    return f"The sink is ready: {running.url}, credentials in {running.credentials}"


def _port_problem(error: OSError, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"The sink has not started: port {port} on {HOST} is in use. "
            "Stop what holds it, or choose another with --port."
        )
    return f"The sink has not started: port {port} on {HOST}: {error.strerror}."


def _fail(said: str) -> None:
    typer.echo(said, err=True)
    raise typer.Exit(1)
