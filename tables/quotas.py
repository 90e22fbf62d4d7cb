"""The coordinator's state: how much of each campaign's limits is used, and who holds the rest (C026)."""

from __future__ import annotations

from collections.abc import Iterable

from app.domain.model.quota import Quota
from app.turns.table import Table


def _dues(quota: Quota) -> Iterable[int]:
    return (quota.look_ms,) if quota.look_ms else ()


QUOTAS = Table("quotas", b"\x10", Quota, _dues)
TABLES = (QUOTAS,)
