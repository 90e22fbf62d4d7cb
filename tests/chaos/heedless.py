"""Builds that do not heed what the log of events tells: what was given up, whose it is, where it begins (C25, C26)."""

from __future__ import annotations

import asyncio
from typing import Any

from app import setup, worker
from app.kafka_client import received


def given_up_counts() -> None:
    """Records of transactions that were given up are decided like the others."""

    received._Transactions.admits = lambda _self, batch: not batch.is_control_batch  # type: ignore[assignment,method-assign]


def topics_by_name() -> None:
    """A topic of the same name is the same log."""
    setup.known_events_id = lambda records: ""  # type: ignore[attr-defined]


def goes_on_at_the_begin() -> None:
    """Where the log no longer holds what comes next, it goes on with what the log holds."""

    tasks = set()

    def jump(self: Any, lost: Any) -> None:
        tasks.add(asyncio.ensure_future(self._intake.start_at(*lost.place, lost.begin)))

    worker.Worker._out_of_range = jump  # type: ignore[method-assign]
