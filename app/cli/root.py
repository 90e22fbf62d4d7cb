"""The root of all commands: what there is, loaded when it is asked for, and how errors leave the process."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from app.cli.errors import CommandError
from app.settings import Settings, SettingsError

WRONG_USAGE = 2


class Place(NamedTuple):
    """Where a command or a group of commands is defined, and what it is for."""

    name: str
    module: str
    summary: str


PLACES = (
    Place("kafka", "app.cli.kafka", "The embedded broker: start and stop it."),
    Place(
        "setup", "app.cli.setup", "Make the topics that are missing, and publish the settings that decide."
    ),
    Place("worker", "app.cli.worker", "Run one engine process."),
    Place("campaign", "app.cli.campaigns", "Check, apply, schedule, pause, end and show campaigns."),
    Place("event", "app.cli.events", "Send events, follow them, move a stream clock on."),
    Place("stats", "app.cli.stats", "What the decisions of each campaign add up to."),
    Place("user", "app.cli.users", "What is known of one user."),
    Place("explain", "app.cli.explain", "Why a campaign was or was not sent to a user."),
    Place("inbox", "app.cli.inbox", "The App Inbox of one user."),
    Place("dlq", "app.cli.dead_letters", "Dead letters: list, show, replay."),
    Place("sink", "app.cli.sink", "A loopback push service, for tests and trials."),
    Place("demo", "app.cli.demo", "A public click log through the whole of Carillon."),
    Place("bench", "app.cli.bench", "Measure the engine beside its references."),
)


class Later(TyperCommand):
    """Stands for a command that is imported only when it runs, so that the others start fast."""

    def __init__(self, place: Place) -> None:
        super().__init__(place.name, callback=None, help=place.summary)
        self._module = place.module

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Go on as the command itself."""
        commands: typer.Typer = import_module(self._module).app
        commands._add_completion = False  # one root, and it offers none
        command = typer.main.get_command(commands)
        return command.make_context(info_name, args, parent=parent, **extra)


class Root(TyperGroup):
    """Knows every command by name, and turns what they raise into a sentence and an exit code."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for place in PLACES:
            self.add_command(Later(place))

    def invoke(self, ctx: Any) -> Any:
        """Run the command that is named."""
        try:
            return super().invoke(ctx)
        except CommandError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(error.exit_code) from None
        except SettingsError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(WRONG_USAGE) from None


app = typer.Typer(
    cls=Root,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog="Example: python -m app campaign check examples/demo/cart-reminder.yaml",
)


@app.callback()
def carillon() -> None:
    """Carillon: triggered push campaigns, decided at once."""


def main(run_worker: Callable[[Settings], object]) -> None:
    """Run the command that the arguments name. `run_worker` is what `worker` runs; it belongs to a layer above."""
    app(prog_name="python -m app", obj=run_worker)
