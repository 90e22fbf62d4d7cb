"""`user`: what is known of one user, as the worker that owns them says."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.output import AsJson, result
from app.cli.web_client import get, outline
from app.settings import load_settings

app = typer.Typer(name="user", help="What is known of one user.", no_args_is_help=True)

User = Annotated[str, typer.Argument(metavar="ID", help="The user id.", show_default=False)]


@app.callback()
def user() -> None:
    """What is known of one user."""


@app.command(epilog="Example: python -m app user show u-17")
def show(user: User, as_json: AsJson = False) -> None:
    """Show a user's devices, traits, open timers, caps and last decisions. Asks a worker."""
    value = get(load_settings(), f"user {user!r}", "users", user)
    result(value, outline(value), as_json)
