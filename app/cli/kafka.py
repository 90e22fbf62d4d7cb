"""`kafka start` and `kafka stop`: the embedded broker."""

import json
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from app.kafka.broker import DEFAULT_DATA, DEFAULT_PORT, EmbeddedBroker
from app.kafka.errors import BrokerError
from app.kafka.jars import ensure_jars

app = typer.Typer(
    name="kafka",
    help="The embedded broker: real Apache Kafka, one node, on 127.0.0.1 only.",
    no_args_is_help=True,
)

Port = Annotated[int, typer.Option("--port", min=1, max=65_535, help="Where clients connect.")]
Data = Annotated[Path, typer.Option("--data", file_okay=False, help="The folder that holds all of it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, for machines.")]


@app.command(epilog="Example: python -m app kafka start --port 19092")
def start(port: Port = DEFAULT_PORT, data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Start the broker, detached, and wait until it answers. One that runs already is left alone."""
    broker = EmbeddedBroker(data, port)
    try:
        ensure_jars(_progress)
        _progress(f"starting Kafka on {broker.bootstrap}")
        started = broker.start()
    except BrokerError as error:
        _fail(error)
    state = "runs on" if started else "already runs on"
    result = {"started": started, "bootstrap": broker.bootstrap, "pid": broker.pid, "data": str(data)}
    _print(result, f"Kafka {state} {broker.bootstrap}, pid {broker.pid}, data in {data}", as_json)


@app.command(epilog="Example: python -m app kafka stop")
def stop(data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Stop the broker that runs on this folder. Its records stay."""
    try:
        stopped = EmbeddedBroker(data).stop()
    except BrokerError as error:
        _fail(error)
    sentence = f"Kafka is stopped, its data stays in {data}" if stopped else f"no Kafka runs on {data}"
    _print({"stopped": stopped, "data": str(data)}, sentence, as_json)


def _print(result: dict[str, object], sentence: str, as_json: bool) -> None:
    typer.echo(json.dumps(result) if as_json else sentence)


def _progress(line: str) -> None:
    typer.echo(line, err=True)


def _fail(error: BrokerError) -> NoReturn:
    typer.echo(f"error: {error}", err=True)
    raise typer.Exit(1)
