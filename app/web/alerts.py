"""A campaign's latest alert, as pages and commands tell it: what happened, what to do, and whether its owner knows."""

from __future__ import annotations

from msgspec import Struct

from app.domain.model.alert import AlertNote
from app.domain.rules.alerts import posted, words


class AlertView(Struct, frozen=True):
    """An alert in words. `mail`: what became of the mail to the owner, of which `posting` is the code."""

    id: str
    at_ms: int
    subject: str
    happened: str
    advice: str
    commands: tuple[str, ...]
    posting: str
    mail: str


def view(note: AlertNote | None) -> AlertView | None:
    """The alert of a note; None where there is none."""
    if note is None:
        return None
    alert, told = note.alert, words(note.alert)
    mail = posted(note.posting, alert.owner, note.detail)
    return AlertView(
        alert.id,
        alert.at_ms,
        told.subject,
        told.happened,
        told.advice,
        told.commands,
        str(note.posting),
        mail,
    )
