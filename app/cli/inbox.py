"""`inbox`: the App Inbox of one user (C111-C114)."""

from __future__ import annotations

import typer

from app.cli.output import AsJson, result
from app.cli.users import User
from app.cli.web_client import get, outline
from app.settings import load_settings

app = typer.Typer(name="inbox")


@app.command(epilog="Example: python -m app inbox u-17 --json")
def inbox(user: User, as_json: AsJson = False) -> None:
    """Show the items in a user's App Inbox, newest first. Asks a worker."""
    value = get(load_settings(), f"user {user!r}", "users", user, "inbox")
    result(value, outline(value) or f"The inbox of {user} is empty.", as_json)
