"""The mails actor's ledger: how far the mail of each alert is, journaled before every step that cannot be undone."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec
from msgspec import Struct

from app.domain.model.alert import Alert
from app.turns.table import Table

KEPT_MS = 30 * 86_400_000
decode_alert = msgspec.msgpack.Decoder(Alert).decode


class Stage(StrEnum):
    """CALLING: a server is being spoken to, and has not got the mail. HANDED: it may have. WAITING: to be called again
    at `due_ms`. DONE: ended; kept, so that the same alert makes no second mail.
    """

    CALLING = "calling"
    HANDED = "handed"
    WAITING = "waiting"
    DONE = "done"


class Posted(Struct, array_like=True):
    """The mail of one alert. The alert is pinned until it has ended."""

    stage: Stage
    attempts: int
    due_ms: int
    first_ms: int
    alert: Alert | None


def _dues(posted: Posted) -> Iterable[int]:
    return (posted.due_ms,)


MAILS = Table("mails", b"\x10", Posted, _dues)
TABLES = (MAILS,)
