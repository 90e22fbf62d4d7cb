"""A disk that is full, or slow, under a worker at work."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from app.clock import monotonic_s
from tests.chaos.brokerless import SLOW
from tests.integration.process import Process
from tests.integration.system import System


@contextmanager
def full_disk(worker: Process) -> Iterator[None]:
    """No file of this process may grow: the system refuses its writes, as a full disk does."""
    resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        if worker.code is None:
            resource.prlimit(
                worker.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
            )


@contextmanager
def slow_disk(system: System, number: int = 0) -> Iterator[None]:
    """Writes to a worker's state folders take one to two seconds; it must be of the build `slow_disk`."""
    flag = system.state(number) / SLOW
    flag.touch()
    try:
        yield
    finally:
        flag.unlink()


def is_unwell(system: System) -> bool:
    """Does its worker say that it is not ready, and that partitions are the reason?"""
    status, said = system.get(0, "/readyz")
    codes = {each["code"] for each in (said or {}).get("reasons", ())}
    return status == HTTPStatus.SERVICE_UNAVAILABLE and "partition" in codes


def positions(system: System) -> list[Any]:
    """How far the users' partitions of its worker are."""
    return [each["position"] for each in system.owned(0) or () if each["actor"] == "users"]


def stall_s(system: System) -> float:
    """How long the worker took to answer: its event loop, and so its share of a stall."""
    began_s = monotonic_s()
    system.get(0, "/livez")
    return monotonic_s() - began_s
