"""The coordinator's counts of who qualifies, by hour (C161): the latest hour apart, for it changes all the time."""

from __future__ import annotations

from collections.abc import Iterable

from app.domain.model.surge import Hour, Past
from app.turns.table import Table


def _dues(hour: Hour) -> Iterable[int]:
    return (hour.look_ms,) if hour.look_ms else ()


HOURS = Table("surge_hours", b"\x12", Hour, _dues)
PASTS = Table("surge_pasts", b"\x13", Past)
TABLES = (HOURS, PASTS)
