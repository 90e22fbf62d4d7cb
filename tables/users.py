"""The users actor's state: four parts of a user, stored apart so that an event rewrites only what it changed."""

from __future__ import annotations

from collections.abc import Iterable

from app.domain.model.history import History
from app.domain.model.user import Activity, Agenda, OnItsWay, Profile
from app.turns.table import Table


def _dues(agenda: Agenda) -> Iterable[int]:
    return {entry.due_ms for entry in agenda.entries if entry.__class__ is not OnItsWay}  # type: ignore[union-attr]


PROFILE = Table("profile", b"\x10", Profile)
ACTIVITY = Table("activity", b"\x11", Activity)
AGENDA = Table("agenda", b"\x12", Agenda, _dues)
HISTORY = Table("history", b"\x13", History)
TABLES = (PROFILE, ACTIVITY, AGENDA, HISTORY)
