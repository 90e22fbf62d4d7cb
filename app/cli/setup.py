"""`setup`: the topics that are missing, the beginnings of their journals, and the settings that decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.errors import CommandError
from app.cli.output import AsJson, result, tell
from app.cli.times import time_ms
from app.clock import SystemClock
from app.settings import Settings, load_settings

if TYPE_CHECKING:
    from app.setup import Report

app = typer.Typer(name="setup")

RestartFrom = Annotated[
    str | None,
    typer.Option(
        metavar="latest|TIME",
        help="Where a journal that is gone goes on: only with what comes from now on, or what came since a time.",
    ),
]


@app.command(epilog="Example: python -m app setup")
def setup(restart_from: RestartFrom = None, as_json: AsJson = False) -> None:
    """Make the topics that are missing, publish the settings; say what differs, refuse a changed partition count."""
    start = restart_from if restart_from in {None, "latest"} else time_ms(str(restart_from))
    settings = load_settings()
    for key in settings.not_yet_effective():
        tell(f"note: the setting {key} is accepted and has no effect yet")
    report = _set_up(settings, start)
    result(report._asdict(), _text(settings, report), as_json)


def _set_up(settings: Settings, start: str | int | None) -> Report:
    from app.cli.broker import run  # noqa: PLC0415 - heavy
    from app.refusals import SetupRefused  # noqa: PLC0415 - heavy
    from app.setup import setup  # noqa: PLC0415 - heavy

    tell(f"setting up {settings.app} on {settings.kafka}")
    try:
        return run(settings.kafka, lambda: setup(settings, SystemClock(), start))
    except SetupRefused as error:
        raise CommandError(f"Nothing was set up: {error}") from error


def _text(settings: Settings, report: Report) -> str:
    lines = [f"created {name}" for name in report.created]
    if report.begun:
        lines.append(f"began {len(report.begun)} journal partitions")
    lines += [f"differs: {each}" for each in report.differs]
    lines.append(f"settings that decide: {report.settings}")
    return "\n".join([*lines, f"{settings.app} is set up, {settings.partitions} partitions"])
