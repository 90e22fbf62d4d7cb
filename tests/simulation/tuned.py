"""The sizes that a build fixes, set for one world and put back after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from agents import senders
from app.turns import claim, deciding, partition, queue
from app.turns.state import State
from app.turns.timers import Timers
from tests.simulation.plan import Tuning


@contextmanager
def tuned(tuning: Tuning) -> Iterator[None]:
    """Let the build be of these sizes."""
    sizes: list[tuple[Any, str, Any]] = [
        (partition, "IDLE_S", tuning.idle_s),
        (claim, "RENEW_MS", tuning.renew_ms),
        (claim, "HEARTBEAT_MS", tuning.heartbeat_ms),
        (partition, "State", partial(State, cached=tuning.cached)),
        (partition, "Timers", partial(Timers, window=tuning.window)),
        (queue, "QUEUED", tuning.queued),
        (deciding, "STEPS", tuning.steps),
        (senders, "AT_ONCE", tuning.at_once),
    ]
    before = [(module, name, getattr(module, name)) for module, name, _ in sizes]
    for module, name, value in sizes:
        setattr(module, name, value)
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)
