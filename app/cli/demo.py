"""`demo`: a public click log through the whole of Carillon; what `make demo` runs."""

import asyncio
import signal
from typing import Annotated, NoReturn

import typer

from app.clock import now_ms
from app.demo.brokers import broker
from app.demo.dataset import ROWS, load
from app.demo.errors import DemoError
from app.demo.play import play
from app.demo.run import new_run
from app.demo.terminal import standard_terminal
from app.kafka.errors import BrokerError
from app.settings import SettingsError, named_kafka

app = typer.Typer(name="demo", help="A public click log through the whole of Carillon.")

WRONG_USAGE = 2
INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM

Once = Annotated[bool, typer.Option("--once", help="Stop after the summary.")]
Workers = Annotated[int, typer.Option("--workers", min=1, max=4, help="How many workers share the work.")]
Rows = Annotated[int, typer.Option("--rows", min=1, max=ROWS, help="Replay only the first of the rows.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, for machines.")]


@app.command(epilog="Example: python -m app demo --once")
def demo(once: Once = False, workers: Workers = 2, rows: Rows = ROWS, as_json: AsJson = False) -> None:
    """Fetch a public click log, replay it, print what came of it, and leave the console running."""
    signal.signal(signal.SIGTERM, _terminate)
    terminal = standard_terminal(as_json=as_json)
    try:
        terminal.say("Looking for the click log")
        log = load()[:rows]
        with broker(named_kafka(), terminal.say) as bootstrap:
            asyncio.run(play(new_run(bootstrap, workers, now_ms()), log, terminal, stay=not once))
    except DemoError as error:
        _fail(error, error.exit_code)
    except BrokerError as error:
        _fail(error, 1)
    except SettingsError as error:
        _fail(error, WRONG_USAGE)
    except asyncio.CancelledError:
        raise typer.Exit(TERMINATED) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def _terminate(*_: object) -> NoReturn:
    """Leave by the way of every exception, so that whatever was started is stopped."""
    raise SystemExit(TERMINATED)


def _fail(error: Exception, exit_code: int) -> NoReturn:
    typer.echo(f"error: {error}", err=True)
    raise typer.Exit(exit_code)
