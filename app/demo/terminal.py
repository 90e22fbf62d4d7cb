"""What the demo says while it works: a line for each step, and a bar only where somebody watches it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.demo.summary import Summary, table


class Terminal:
    """Progress goes to stderr, so that stdout has nothing but results."""

    def __init__(self, progress: Console, results: Console, *, as_json: bool = False) -> None:
        self._progress = progress
        self._results = results
        self._as_json = as_json

    def say(self, line: str) -> None:
        """Tell of one step."""
        self._progress.print(line, highlight=False, markup=False, soft_wrap=True)

    @contextmanager
    def bar(self, title: str, total: int) -> Iterator[Callable[[], None]]:
        """Show a bar; what it yields moves the bar on by one."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(
            *columns, console=self._progress, disable=not self._progress.is_terminal, transient=True
        ) as bar:
            task = bar.add_task(title, total=total)
            yield lambda: bar.advance(task)

    def show(self, summary: Summary, path: Path) -> None:
        """Show the result, as a table or as one line of JSON."""
        if self._as_json:
            self._results.print(json.dumps(summary), highlight=False, markup=False, soft_wrap=True)
        else:
            self._results.print(table(summary))
        self.say(f"The summary is in {path}")


def standard_terminal(*, as_json: bool) -> Terminal:
    """Return the terminal of this process."""
    return Terminal(Console(stderr=True), Console(), as_json=as_json)
