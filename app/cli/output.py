"""How commands speak: results on stdout, for people or machines, and everything else on stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]


def result(value: Any, text: str, as_json: bool) -> None:
    """Print the result: the value as one line of JSON, or the text."""
    typer.echo(msgspec.json.encode(value).decode() if as_json else text)


def tell(line: str) -> None:
    """Say how it goes, on stderr."""
    typer.echo(line, err=True)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Lay text out in columns; numbers stand at the right."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    numeric = [bool(rows) and all(isinstance(row[n], int) for row in rows) for n in range(len(columns))]
    lines = []
    for line in (list(columns), *cells):
        placed = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, numeric, strict=True)
        ]
        lines.append("  ".join(placed).rstrip())
    return "\n".join(lines)


def time_text(time_ms: int | None) -> str:
    """Write a time as ISO 8601 in UTC."""
    if time_ms is None:
        return "-"
    written = datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return written.replace("+00:00", "Z")


@contextmanager
def bar(title: str, total: int) -> Iterator[Callable[..., None]]:
    """Show a progress bar with rate and time left where somebody watches.

    What it yields moves the bar on, by one or by `count`.
    """
    from rich.console import Console  # noqa: PLC0415 - only long work needs it
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task(title, total=total)
        yield lambda count=1: progress.advance(task, count)
