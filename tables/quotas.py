"""The coordinator's state: how much of each campaign's limits is used, and who holds the rest (C026); and of the
throttle (C049)."""

from __future__ import annotations

from collections.abc import Iterable

from app.domain.model.quota import Quota
from app.domain.model.throttle import Lending
from app.turns.table import Table


def _dues(quota: Quota) -> Iterable[int]:
    return (quota.look_ms,) if quota.look_ms else ()


def _looks(lending: Lending) -> Iterable[int]:
    return (lending.look_ms,) if lending.look_ms else ()


QUOTAS = Table("quotas", b"\x10", Quota, _dues)
LENDING = Table("lending", b"\x11", Lending, _looks)
TABLES = (QUOTAS, LENDING)
