"""Workers that a broker's fault leaves standing still: their own watchdog must end them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from tests.chaos import brokerless
from tests.integration.system import System

GAVE_UP = 70
ENDED_S = 90.0
HASTY = "hasty"
STALL_LOAD: list[tuple[str, dict[str, Any]]] = [
    (
        f"u-{number % 20}",
        {"type": "track", "event": "look", "timestamp": 1_720_000_000 + number, "userId": f"u-{number % 20}"},
    )
    for number in range(1_600)
]


def is_ready(system: System) -> bool:
    """Does its worker decide? `System.wait_until_ready` would wait for actors that it has not."""
    return system.get(0, "/readyz")[0] == HTTPStatus.OK


def start_stalled(system: System, build: str) -> None:
    """An app without campaigns and providers, and one worker of such a build, under a watchdog of seconds."""
    system.settings(providers={})
    system.done("setup")
    system.start_worker(0, brokerless.program(build, HASTY))
