"""`bench`: measurements beside their references; each runs as a child process, from the checkout."""

from __future__ import annotations

import asyncio
import signal
import sys
from itertools import takewhile
from pathlib import Path
from typing import Annotated

import typer

from app.cli.errors import CommandError, InputError

CHECKOUT = Path(__file__).parents[2]
ALL = ("engine", "decide", "latency", "restore", "timers")
NAMES = (*ALL, "backtest", "peers", "growth")
FORWARDED = (signal.SIGINT, signal.SIGTERM)

app = typer.Typer(name="bench")


@app.command(
    epilog="Example: python -m app bench engine --events 100000",
    context_settings={"ignore_unknown_options": True},
)
def bench(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar=f"[{'|'.join(NAMES)}]... [OPTION]...",
            help="None: all but backtest, peers and growth.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Results are JSON lines in any case.")] = False,
) -> None:
    """Measure, and print one JSON object for each result and its reference.

    Options go to the benchmark (`bench engine -h` shows them). Starts a broker of its own, unless CARILLON_KAFKA
    names one.
    """
    names, options = split(arguments or [])
    if not (CHECKOUT / "benchmarks").is_dir():
        raise CommandError(f"There are no benchmarks in {CHECKOUT}. Run this from a checkout.")
    for name in names:
        code = asyncio.run(run_module(f"benchmarks.{name}", options))
        if code:
            raise typer.Exit(code)


def split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """(names of benchmarks, options for them). Raises InputError for a name that there is not."""
    names = list(takewhile(lambda each: not each.startswith("-"), arguments))
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise InputError(f"There is no benchmark {unknown[0]!r}. There are {', '.join(NAMES)}.")
    return names or list(ALL), arguments[len(names) :]


async def run_module(module: str, options: list[str]) -> int:
    """Run `python -m <module>` to its end; signals to us reach it. Returns its exit code."""
    command = ("env", f"PYTHONPATH={CHECKOUT}", sys.executable, "-m", module, *options)
    child = await asyncio.create_subprocess_exec(*command, cwd=CHECKOUT, start_new_session=True)
    loop = asyncio.get_running_loop()
    for number in FORWARDED:
        loop.add_signal_handler(number, child.send_signal, number)
    code = await child.wait()
    return code if code >= 0 else 128 - code
