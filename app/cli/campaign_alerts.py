"""A campaign's latest alert, as `campaign show` tells it."""

from __future__ import annotations

from app.cli.output import time_text
from app.domain.model.alert import AlertNote
from app.domain.rules.alerts import posted, words


def alert_lines(note: AlertNote | None) -> list[str]:
    """What happened, and whether the owner has been told; nothing where there was no alert."""
    if note is None:
        return []
    told = words(note.alert)
    mail = posted(note.posting, note.alert.owner, note.detail)
    return ["", f"{time_text(note.alert.at_ms)}: {told.subject}", told.happened, mail]
