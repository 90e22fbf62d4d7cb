"""The tokens actor's state: who has a token now (C131)."""

from __future__ import annotations

from msgspec import Struct

from app.turns.table import Table


class Holder(Struct, array_like=True):
    """The one device that a token belongs to; `partition`: where its user lives."""

    user: str
    device: str
    partition: int


HOLDERS = Table("holders", b"\x10", Holder)
TABLES = (HOLDERS,)
